"""Which cluster the demo runs on: the one that KUBECONFIG names, kind, the one-node cluster, or none."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from tests.demo.shell import BUILD, ROOT, DemoFailed, run, say

CLUSTER = [str(ROOT / "tests/cluster/cluster.py")]
ONE_NODE = ROOT / ".cache/cluster/kubeconfig"
BIN = ROOT / ".cache/cluster/bin"
KIND = "meninx"


@dataclass(frozen=True)
class Target:
    """A cluster: how it is reached, and how images get into it."""

    how: Literal["one-node", "kind", "registry"]
    kubeconfig: Path

    def tool(self, name: str) -> str:
        """Return the path of kubectl or helm."""
        built = BIN / name
        found = str(built) if built.is_file() else shutil.which(name)
        if not found:
            raise DemoFailed(f"{name} is not installed: put it on PATH")
        return found

    def kubectl(self, *arguments: str, check: bool = True, stdin: str | None = None) -> str:
        """Run kubectl and return what it printed."""
        command = [self.tool("kubectl"), "--kubeconfig", str(self.kubeconfig), *arguments]
        return run(command, check=check, stdin=stdin).stdout


def find() -> tuple[Target | None, str]:
    """Return the cluster to use, up; or None and why there is none."""
    given = os.environ.get("KUBECONFIG")
    if given:
        path = Path(given).expanduser().resolve()
        if not path.is_file():
            raise DemoFailed(f"KUBECONFIG={given} names no file")
        return Target(_way_in(path), path), f"the cluster of KUBECONFIG={given}"
    if _docker_answers():
        return _kind()
    return _one_node()


def _way_in(kubeconfig: Path) -> Literal["one-node", "kind", "registry"]:
    """Tell a cluster of ours, into which images are loaded, from one that pulls them."""
    config = yaml.safe_load(kubeconfig.read_text())
    if ONE_NODE.is_file() and _server(config) == _server(yaml.safe_load(ONE_NODE.read_text())):
        return "one-node"
    return "kind" if str(config.get("current-context", "")).startswith("kind-") else "registry"


def _server(config: dict[str, list[dict[str, dict[str, str]]]]) -> str:
    return config["clusters"][0]["cluster"]["server"]


def _docker_answers() -> bool:
    """A client alone is not enough: the daemon must answer."""
    if not (shutil.which("docker") and shutil.which("kind")):
        return False
    return run(["docker", "info"], check=False, timeout=20).returncode == 0


def _kind() -> tuple[Target, str]:
    kubeconfig = BUILD / "kind.kubeconfig"
    if KIND not in run(["kind", "get", "clusters"]).stdout.split():
        say("making a kind cluster")
        config = str(ROOT / "kind-config.yaml")
        run(["kind", "create", "cluster", "--name", KIND, "--config", config, "--wait", "180s"])
    run(["kind", "export", "kubeconfig", "--name", KIND, "--kubeconfig", str(kubeconfig)])
    target = Target("kind", kubeconfig)
    # kind has no device plugin; the count is told by hand, as its kubelet keeps it.
    count = '{"status": {"capacity": {"nvidia.com/gpu": "2"}}}'
    target.kubectl("patch", "node", f"{KIND}-control-plane", "--subresource=status", "-p", count)
    return target, "kind"


def _one_node() -> tuple[Target | None, str]:
    check = run(["python3", *CLUSTER, "check"], check=False)
    if check.returncode != 0:
        obstacles = "; ".join((check.stdout + check.stderr).strip().splitlines()[-4:])
        return None, f"no KUBECONFIG, no Docker daemon, no one-node cluster ({obstacles})"
    stream(["python3", *CLUSTER, "up"])
    return Target("one-node", ONE_NODE), "the one-node cluster of tests/cluster"


def stream(command: list[str]) -> None:
    """Run a long command that shows its own progress."""
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode != 0:
        raise DemoFailed(f"`{' '.join(command)}` ended with {done.returncode}")
