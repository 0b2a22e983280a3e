"""buildah with folders of its own, so that neither the user's nor Debian's settings matter."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

from . import names
from .shell import ClusterError, run

ROOT: Final = names.CACHE / "buildah"
RUNROOT: Final = Path("/run/meninx-buildah")


def command(*arguments: str) -> list[str]:
    """A buildah command line on this storage."""
    places = ["--root", str(ROOT), "--runroot", str(RUNROOT), "--storage-driver", "overlay"]
    return ["buildah", *places, *arguments]


def environment() -> dict[str, str]:
    """No configuration of the user's: no credentials, no mirrors, no short names."""
    folder = names.CACHE / "buildah-settings"
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "registries.conf": 'unqualified-search-registries = ["docker.io"]\n',
        "policy.json": json.dumps({"default": [{"type": "insecureAcceptAnything"}]}),
    }
    for name, text in files.items():
        if not (folder / name).exists():
            (folder / name).write_text(text)
    return {
        "CONTAINERS_REGISTRIES_CONF": str(folder / "registries.conf"),
        "HOME": os.environ.get("HOME", "/root"),
    }


def policy() -> str:
    """Path of the signature policy: local images carry no signatures."""
    environment()
    return str(names.CACHE / "buildah-settings" / "policy.json")


def buildah(*arguments: str) -> str:
    """Run buildah; its standard output."""
    return run(command(*arguments), env=environment())


def image_id(name: str) -> str:
    """The id of an image in the storage; ClusterError where there is none."""
    found = _find(name)
    if not found:
        raise ClusterError(
            f"no image {name}: build it with `cluster.py build-image --tag {name} ...`"
        )
    return found


def has(name: str) -> bool:
    """Is there such an image?"""
    return bool(_find(name))


def _find(name: str) -> str:
    ask = command("images", "--format", "{{.ID}}", "--no-trunc", name)
    found = run(ask, check=False, env=environment()).split()
    return found[0] if found else ""
