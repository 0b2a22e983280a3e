"""The images: named by the content of what they are built from, built when that changed, loaded."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from tests.demo.shell import ROOT, DemoFailed, run, say
from tests.demo.target import CLUSTER, KIND, Target, stream

PREFIX = "meninx.local"


@dataclass(frozen=True)
class Source:
    """What an image is built from: a Containerfile, its context, and the files that it copies."""

    name: str
    containerfile: str
    context: str
    inputs: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    """NAME=VALUE, as the build takes them."""

    def tag(self) -> str:
        """Return 12 hex digits of the content of all inputs."""
        digest = hashlib.sha256("\0".join(self.arguments).encode())
        for path in sorted(self._files()):
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()[:12]

    def _files(self) -> set[Path]:
        found: set[Path] = set()
        for name in (self.containerfile, *self.inputs):
            path = ROOT / name
            found |= {path} if path.is_file() else set(path.rglob("*"))
        return {path for path in found if path.is_file() and path.suffix != ".pyc"}


MENINX = Source(
    "meninx",
    "operator/Containerfile",
    ".",
    ("operator/meninx", "requirements-image.lock", "pyproject.toml", "README.md", "LICENSE"),
)
UNET = Source(
    "unet-meningioma",
    "model-images/unet-meningioma/Containerfile",
    "model-images",
    ("model-images/unet-meningioma", "model-images/meninx_models", "model-images/remove-tools.sh"),
)
THRESHOLD = Source(
    "example-threshold",
    "model-images/example-threshold/Containerfile",
    "model-images",
    ("model-images/example-threshold", "model-images/remove-tools.sh"),
)
HOSPITAL = Source("hospital", "tests/hospital/Containerfile", ".", ("tests/hospital",))


def ensure(target: Target, source: Source) -> str:
    """Build the image if its content changed, get it into the cluster, and return its name."""
    registry = os.environ.get("MENINX_REGISTRY", "").rstrip("/")
    if target.how == "registry" and not registry:
        raise DemoFailed(
            "the cluster of KUBECONFIG pulls its images: set MENINX_REGISTRY to a registry that "
            "both it and this machine reach"
        )
    name = f"{registry or PREFIX}/{source.name}:{source.tag()}"
    {"one-node": _one_node, "kind": _kind, "registry": _registry}[target.how](source, name)
    return name


def _one_node(source: Source, name: str) -> None:
    # The name holds the content: an image that is there need not be built.
    if run(["python3", *CLUSTER, "load-image", name], check=False).returncode == 0:
        return
    say(f"building {name}")
    file, context = str(ROOT / source.containerfile), str(ROOT / source.context)
    given = [part for argument in source.arguments for part in ("--build-arg", argument)]
    build = ["python3", *CLUSTER, "build-image", "--tag", name, "--file", file, *given, "--load"]
    stream([*build, context])


def _docker_build(source: Source, name: str) -> None:
    if run(["docker", "image", "inspect", name], check=False).returncode != 0:
        say(f"building {name}")
        file, context = str(ROOT / source.containerfile), str(ROOT / source.context)
        given = [part for argument in source.arguments for part in ("--build-arg", argument)]
        build = ["docker", "build", "--quiet", "--tag", name, "--file", file, *given, context]
        run(build, timeout=1800)


def _kind(source: Source, name: str) -> None:
    _docker_build(source, name)
    run(["kind", "load", "docker-image", "--name", KIND, name])


def _registry(source: Source, name: str) -> None:
    _docker_build(source, name)
    run(["docker", "push", "--quiet", name])
