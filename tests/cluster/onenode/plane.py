"""`up` and `down`: the order in which things start and end."""

from __future__ import annotations

import hashlib
import shutil
import signal
import string
import time
from collections.abc import Callable, Sequence

from . import (
    binaries,
    check,
    daemons,
    firewall,
    images,
    kube,
    leftovers,
    names,
    packages,
    pki,
    programs,
    settings,
    state,
)
from .shell import ClusterError, run, say, wait_for


def up(*, gpus: int, fresh: bool) -> None:
    """Bring the cluster up, whatever is there: nothing, all of it, or what a killed one left."""
    obstacles = check.obstacles()
    if obstacles:
        raise ClusterError("this machine can't carry the cluster:\n  " + "\n  ".join(obstacles))
    packages.install()
    binaries.make()
    if not fresh and _adopt(gpus):
        return
    had_data = (names.LIB / "etcd").is_dir()
    _prepare(fresh=fresh or _is_foreign())
    try:
        _start(gpus)
    except ClusterError as error:
        if not had_data or fresh:
            raise
        say(f"what was left of an earlier cluster does not come up ({error}); starting afresh")
        _prepare(fresh=True)
        _start(gpus)
    say(f"Ready. export KUBECONFIG={names.KUBECONFIG}")


def _adopt(gpus: int) -> bool:
    """Use a cluster that runs already. One that another version of this program runs is not ours to end."""
    if not names.RUN.is_dir():
        return False
    seen = state.look()
    if not seen.ready:
        return False
    owner, version = _owner()
    if version != _fingerprint():
        if owner == str(names.REPOSITORY):
            say("this program has changed since the cluster was started: starting it anew")
            return False
        raise ClusterError(
            f"another version of this program, in {owner}, runs the cluster: "
            "`cluster.py down` first, or `cluster.py up --fresh`"
        )
    if seen.node["gpus"] != str(gpus):
        _apply_system(gpus)
    _publish_kubeconfig()
    say(f"already up and Ready. export KUBECONFIG={names.KUBECONFIG}")
    return True


def _fingerprint() -> str:
    digest = hashlib.sha256()
    shaping = ("names", "settings", "programs", "pki")
    patterns = (*(f"onenode/{name}.py" for name in shaping), "manifests/*", "node/*.go", "go.mod")
    for pattern in patterns:
        for file in sorted(names.HERE.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _owner() -> tuple[str, str]:
    """Which checkout wrote the data on disk, and the fingerprint of its program."""
    note = names.LIB / "owner"
    lines = note.read_text().splitlines() if note.exists() else []
    return (lines[0], lines[1]) if len(lines) == 2 else ("", "")


def _is_foreign() -> bool:
    """Was the data written by another version in another checkout? Then it is not worth keeping."""
    owner, version = _owner()
    return owner != str(names.REPOSITORY) and version != _fingerprint()


def _prepare(*, fresh: bool) -> None:
    """Clear what is left over, then make folders, keys, settings and the bridge."""
    leftovers.clear_runtime()
    if fresh:
        # The note of them goes with the disk, and is written anew from what it restored.
        leftovers.restore_sysctls()
        leftovers.clear_disk(keep_images=True)
    leftovers.remember_sysctls()
    for folder in (names.RUN, names.LOGS, names.KUBELET, names.VOLUMES):
        folder.mkdir(parents=True, exist_ok=True)
    names.KUBELET_MARK.touch()
    (names.LIB / "owner").write_text(f"{names.REPOSITORY}\n{_fingerprint()}\n")
    pki.make()
    settings.write()
    _publish_kubeconfig()
    if shutil.which("modprobe"):
        run(["modprobe", "-a", "br_netfilter", "overlay"], check=False)
    leftovers.set_sysctl("net/ipv4/ip_forward", "1")
    leftovers.set_sysctl("net/bridge/bridge-nf-call-iptables", "1")
    run(["ip", "link", "add", names.BRIDGE, "type", "bridge"])
    run(["ip", "address", "add", f"{names.NODE_ADDRESS}/24", "dev", names.BRIDGE])
    run(["ip", "link", "set", names.BRIDGE, "up"])
    firewall.soften_refusals()


def _publish_kubeconfig() -> None:
    names.KUBECONFIG.parent.mkdir(parents=True, exist_ok=True)
    names.KUBECONFIG.unlink(missing_ok=True)
    shutil.copy(pki.kubeconfig("admin"), names.KUBECONFIG)
    names.KUBECONFIG.chmod(0o600)


def _start(gpus: int) -> None:
    began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    say("starting etcd, the API server and containerd")
    _run("etcd")
    _run("kube-apiserver")
    _run("containerd")
    _wait("containerd", names.CONTAINERD_SOCKET.exists, seconds=20)
    image_id = images.load_own()
    _wait(
        "kube-apiserver",
        lambda: "ok" in kube.kubectl("get", "--raw=/readyz", check=False),
        seconds=90,
    )
    say("starting the controllers, the scheduler, the kubelet and kube-proxy")
    _run("kube-controller-manager")
    _run("kube-scheduler")
    _run("kubelet")
    _run("kube-proxy")
    _apply_system(gpus, image_id)
    _wait("kubelet", lambda: kube.get("node", names.NODE) is not None, seconds=60)
    _run("netpol")
    say("waiting for the node, DNS, the device plugin and the provisioner")
    _wait("netpol", lambda: _ready_since(began), seconds=120)


def _run(name: str, flags: Sequence[str] = ()) -> None:
    daemons.start(name, [*programs.COMMANDS[name](), *flags])


def start_one(name: str, flags: Sequence[str]) -> None:
    """Start one process of the cluster again, after `kill_one`."""
    if not names.RUN.is_dir():
        raise ClusterError("the cluster is down: `cluster.py up` first")
    _run(name, flags)
    say(f"{name} runs (pid {daemons.pid_of(name)})")


def kill_one(name: str) -> None:
    """End one process of the cluster at once, as a fault would; the pods stay."""
    pid = daemons.pid_of(name)
    if pid is not None:
        daemons.kill([pid], how=signal.SIGKILL, seconds=5)
    say(f"{name} is gone")


def _ready_since(began: str) -> bool:
    """Ready, and said so by a kubelet of this start: what etcd holds may be older."""
    seen = state.look()
    return seen.ready and seen.node["heartbeat"] >= began


def _wait(name: str, ready: Callable[[], bool], *, seconds: float) -> None:
    """Wait, but not for a daemon that has ended."""

    def ready_or_dead() -> bool:
        if ready():
            return True
        daemons.must_run(name)
        return False

    try:
        wait_for(name, ready_or_dead, seconds=seconds)
    except ClusterError as error:
        problems = "; ".join(state.look().problems)
        raise ClusterError(f"{error} ({problems}); logs are in {names.LOGS}") from error


def _apply_system(gpus: int, image_id: str = "") -> None:
    servers = settings.resolvers()
    text = (names.HERE / "manifests" / "system.yaml").read_text()
    values = {
        "image": names.NODE_IMAGE,
        "image_id": image_id or images.load_own(),
        "dns_address": names.DNS_ADDRESS,
        "forward": f"forward . {' '.join(servers)}" if servers else "",
        "gpus": str(gpus),
        "gpu_resource": names.GPU_RESOURCE,
        "volumes": str(names.VOLUMES),
    }
    kube.kubectl("apply", "-f", "-", stdin=string.Template(text).substitute(values))


def down(*, keep_images: bool) -> None:
    """End everything and remove every trace but the caches."""
    say("stopping")
    # What watches ends before what it watches.
    for name in reversed(daemons.ORDER):
        daemons.stop(name)
    leftovers.clear_runtime()
    leftovers.restore_sysctls()
    leftovers.clear_disk(keep_images=keep_images)
    names.KUBECONFIG.unlink(missing_ok=True)
    say("down; nothing is left but the caches")
