"""Images into containerd: the cluster's own, and those that buildah or an archive holds."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from . import names, scratch, storage
from .shell import ClusterError, run, say


def ctr(*arguments: str) -> str:
    """Ask the cluster's containerd, in Kubernetes' namespace."""
    return run(["ctr", "--address", str(names.CONTAINERD_SOCKET), "-n", "k8s.io", *arguments])


def present() -> set[str]:
    """Names of the images in the cluster."""
    return set(ctr("images", "list", "-q").split())


def identity(binary: Path) -> str:
    """A short name for a binary's content, for annotations that restart what runs it."""
    seen = binary.stat()
    return hashlib.sha256(f"{seen.st_size} {seen.st_mtime_ns}".encode()).hexdigest()[:12]


def load_own() -> str:
    """Load the pause image and the cluster's program; the latter's identity."""
    there = present()
    binaries = {
        names.PAUSE_IMAGE: names.BIN / "meninx-cluster-pause",
        names.NODE_IMAGE: names.BIN / "meninx-cluster-node",
    }
    note = names.LIB / "own-images"
    want = " ".join(map(identity, binaries.values()))
    if not (set(binaries) <= there and note.exists() and note.read_text() == want):
        for image, binary in binaries.items():
            with tempfile.TemporaryDirectory(dir=names.LIB) as folder:
                archive = Path(folder) / "image.tar"
                scratch.write(archive, image=image, binary=binary)
                ctr("images", "import", str(archive))
        note.write_text(want)
    return identity(names.BIN / "meninx-cluster-node")


def load(source: str) -> None:
    """Load an image by its name in buildah's storage, or a docker or OCI archive by its path."""
    if not names.CONTAINERD_SOCKET.exists():
        raise ClusterError("the cluster is down: `cluster.py up` first")
    if Path(source).is_file():
        say(f"loading {source}")
        ctr("images", "import", "--all-platforms", source)
        return
    image_id = storage.image_id(source)
    notes = names.LIB / "loaded"
    notes.mkdir(exist_ok=True)
    note = notes / hashlib.sha256(source.encode()).hexdigest()[:24]
    if note.exists() and note.read_text() == image_id and source in present():
        say(f"{source} is loaded already")
        return
    say(f"loading {source}")
    with tempfile.TemporaryDirectory(dir=names.CACHE) as folder:
        archive = Path(folder) / "image.tar"
        storage.buildah("push", "-q", source, f"docker-archive:{archive}:{source}")
        ctr("images", "import", str(archive))
    note.write_text(image_id)
