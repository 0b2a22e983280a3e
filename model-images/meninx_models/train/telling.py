"""What a run says to who started it: a line an epoch, and its end where a pod's end is read."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from statistics import mean
from typing import Any

from meninx_models.train.state import State

TERMINATION_ENV = "MENINX_TERMINATION_LOG"
TERMINATION_LOG = Path("/dev/termination-log")
LATEST = 5
MOST_BYTES = 4000
"""Kubernetes reads 4096 bytes of a pod's end."""


def progress_line(state: State, epochs: int) -> str:
    """Return the line of the epoch that has just ended, as JSON."""
    last = state.history[-1]
    seconds = mean(entry["seconds"] for entry in state.history[-LATEST:])
    known = [entry["dice"] for entry in state.history if entry["dice"] is not None]
    return json.dumps(
        {
            "epoch": state.epoch,
            "epochs": epochs,
            "loss": round(last["loss"], 6),
            "dice": round(known[-1], 6) if known else None,
            "bestDice": round(state.best_dice, 6) if known else None,
            "etaSeconds": round(seconds * (epochs - state.epoch)),
        }
    )


def tell_end(content: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> None:
    """Write the run's end to the termination log, if there is one."""
    if in_pod(environment):
        _log(environment).write_text(json.dumps(content))


def in_pod(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether somebody reads the end of this process from outside."""
    return _log(environment).is_file()


def _log(environment: Mapping[str, str]) -> Path:
    return Path(environment.get(TERMINATION_ENV, str(TERMINATION_LOG)))


def failure(reason: str, message: str) -> dict[str, Any]:
    """Return what a failed run says."""
    return {"failure": {"reason": reason, "message": message[:MOST_BYTES]}}
