"""Kueue, built from its Go module, and its own installation manifests as kustomize renders them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from . import binaries, names, toolchain
from .shell import run, say, show

MODULE: Final = "sigs.k8s.io/kueue"
_HERE: Final = names.HERE / "kueue"
FOLDER: Final = names.CACHE / "kueue"
MANAGER: Final = FOLDER / "manager"
MANIFESTS: Final = FOLDER / "manifests.yaml"
_MARK: Final = FOLDER / ".built-from"
_ENVIRONMENT: Final = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "auto"}


def make() -> None:
    """Build the controller and render its manifests, unless both are there from what is pinned."""
    wanted = _fingerprint()
    if _MARK.exists() and _MARK.read_text() == wanted:
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    _MARK.unlink(missing_ok=True)
    say("building Kueue (some minutes on 2 cores the first time)")
    flags = ["-p", "2", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", str(MANAGER)]
    command = [toolchain.go(), "build", *flags, f"{MODULE}/cmd/kueue"]
    show(command, cwd=_HERE, env=_ENVIRONMENT)
    MANIFESTS.write_text(run([_kubectl(), "kustomize", _source() / "config/default"]))
    _MARK.write_text(wanted)


def _kubectl() -> str:
    """The cluster's own, or where another cluster is used the machine's."""
    own = Path(binaries.path("kubectl"))
    return str(own) if own.is_file() else "kubectl"


def _source() -> Path:
    where = [toolchain.go(), "list", "-m", "-f", "{{.Dir}}", MODULE]
    return Path(run(where, cwd=_HERE, env=_ENVIRONMENT).strip())


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        digest.update((_HERE / name).read_bytes())
    return digest.hexdigest()
