"""`fit` as a pod starts it, on a tiny data set: in a process of its own, or in this one."""

import contextlib
import io
import os
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from meninx_models.__main__ import main

MODELS = Path(__file__).parents[4] / "model-images"
PLAN: dict[str, Any] = {
    "preset": "quick",
    "epochs": 4,
    "threads": 1,
    "input": {"kind": "grid", "spacing_mm": 1, "shape": [32, 32, 32]},
    "checkpoint_every_steps": 2,
    "metrics": ["dice", "recall"],
}


@dataclass(frozen=True)
class Fitted:
    """A run that has ended."""

    out: Path
    returncode: int
    stdout: str
    stderr: str
    termination: Path


def write_plan(folder: Path, **changes: Any) -> Path:
    """Write the tiny plan with some changes."""
    path = folder / "plan.yaml"
    path.write_text(yaml.safe_dump(PLAN | changes))
    return path


def environment(plan: Path, data: Path, out: Path, termination: Path | None) -> dict[str, str]:
    """Return what a pod of the training contract is given."""
    return os.environ | {
        "PYTHONPATH": str(MODELS),
        "OMP_NUM_THREADS": "1",
        "MENINX_PLAN": str(plan),
        "MENINX_DATA": str(data),
        "MENINX_OUTPUT": str(out),
        "MENINX_TERMINATION_LOG": str(termination or out / "nowhere"),
    }


def command(processes: int = 1) -> list[str]:
    """Return the command that trains, with torchrun for several processes."""
    python = [sys.executable]
    if processes > 1:
        many = ["--standalone", "--nproc-per-node", str(processes)]
        python += ["-m", "torch.distributed.run", *many]
    return [*python, "-m", "meninx_models", "fit"]


def fit_here(plan: Path, data: Path, out: Path, termination: Path | None = None) -> Fitted:
    """Train in this process: torch and MONAI need not be loaded again."""
    told, said = io.StringIO(), io.StringIO()
    given = environment(plan, data, out, termination)
    with (
        mock.patch.dict(os.environ, given),
        contextlib.redirect_stdout(told),
        contextlib.redirect_stderr(said),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # torch's own, of its exporter
        code = main(["fit"])
    return Fitted(out, code, told.getvalue(), said.getvalue(), termination or out / "nowhere")


def fit_in_process(plan: Path, data: Path, out: Path, *, processes: int = 1) -> Fitted:
    """Train in a process of its own, to its end."""
    done = subprocess.run(
        command(processes),
        env=environment(plan, data, out, None),
        capture_output=True,
        text=True,
        check=False,
    )
    return Fitted(out, done.returncode, done.stdout, done.stderr, out / "nowhere")
