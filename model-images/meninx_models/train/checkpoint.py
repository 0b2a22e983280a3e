"""Everything a run needs to go on as if it had not been cut off, in one file."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
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
    _write_aside(path, state).replace(path)
    _sync_folder(path.parent)


def load(path: Path) -> dict[str, Any] | None:
    """Read a checkpoint, or None when the run hasn't written one."""
    if not path.is_file():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def previous(path: Path) -> Path:
    """Return where the checkpoint before is kept."""
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def save_keeping_one(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint; the one before stays, for the disk that loses the last one."""
    aside = _write_aside(path, state)
    if path.is_file():
        path.replace(previous(path))
    aside.replace(path)
    _sync_folder(path.parent)


def load_newest(path: Path) -> dict[str, Any] | None:
    """Read the last checkpoint, or the one before when that is torn (and say so), or None."""
    for one in (path, previous(path)):
        try:
            state = load(one)
        except (RuntimeError, OSError, EOFError, UnpicklingError, ValueError) as error:
            print(f"{one.name} can't be read, going back: {error}", file=sys.stderr)  # noqa: T201
            continue
        if state is not None:
            return state
    return None


def _write_aside(path: Path, state: dict[str, Any]) -> Path:
    aside = path.with_suffix(f".{os.getpid()}.part")
    with aside.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    for left in path.parent.glob(f"{path.stem}.*.part"):
        if left != aside:
            left.unlink(missing_ok=True)  # of a process that was killed while writing
    return aside


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
