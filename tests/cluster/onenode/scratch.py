"""An image of one static binary, written as a docker archive without any tool."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path


def write(archive: Path, *, image: str, binary: Path) -> None:
    """The image's only file is /<binary's name>, its entry point, run as root unless the pod says else."""
    layer = _tar({binary.name: (binary.read_bytes(), 0o755)})
    program = f"/{binary.name}"
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": [program], "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    raw = json.dumps(config).encode()
    name = f"{hashlib.sha256(raw).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [image], "Layers": ["layer.tar"]}]
    files = {
        name: (raw, 0o644),
        "layer.tar": (layer, 0o644),
        "manifest.json": (json.dumps(manifest).encode(), 0o644),
    }
    archive.write_bytes(_tar(files))


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return raw.getvalue()
