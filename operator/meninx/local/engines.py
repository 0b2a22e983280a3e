"""What would run a model here: asked of the model package itself, which this one never imports."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from meninx.local.models import LocalModel

PACKAGE = "meninx_models"
_SECONDS = 60


@dataclass(frozen=True)
class EngineRow:
    """One engine: whether it is chosen, usable or not there, and why."""

    engine: str
    device: str
    precision: str
    verdict: str
    why: str


def engines_of(
    model: LocalModel, environment: Mapping[str, str] = os.environ
) -> tuple[EngineRow, ...]:
    """Return the engines for a model of our package; none for a model of another kind."""
    if PACKAGE not in model.command:
        return ()
    weights = model.folder / "weights"
    command = [sys.executable, "-m", PACKAGE, "engines", "--weights", str(weights.resolve())]
    variables = {**environment, "PYTHONPATH": str(_package_root(model))}
    done = subprocess.run(
        command, env=variables, capture_output=True, timeout=_SECONDS, check=False
    )
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no answer"]
        return (EngineRow("none", "-", "-", "chosen", lines[-1]),)
    return tuple(EngineRow(**row) for row in json.loads(done.stdout))


def chosen(rows: tuple[EngineRow, ...]) -> str:
    """Return the chosen engine in two words; a dash where the model brings its own."""
    words = (f"{row.engine} {row.precision}" for row in rows if row.verdict == "chosen")
    return next(words, "-")


def _package_root(model: LocalModel) -> Path:
    return model.folder.parent.resolve()
