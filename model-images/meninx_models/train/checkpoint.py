"""Everything a run needs to go on as if it had not been cut off, in one file."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch


@dataclass
class Progress:
    """How far a run is: index of the stage and steps done in it, over all and in this stage."""

    stage: int = 0
    done: int = 0
    total: int = 0


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint aside, then rename it: a reader never sees half of one."""
    aside = path.with_suffix(f".{os.getpid()}.part")
    torch.save(state, aside)
    with aside.open("rb") as file:
        os.fsync(file.fileno())
    aside.replace(path)


def load(path: Path) -> dict[str, Any] | None:
    """Read a checkpoint, or None when the run hasn't written one."""
    if not path.is_file():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=False)
    return state
