"""O-26, and the same training on more than one process: what happens on the way changes nothing."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.unit.models.torch_tier.fitting import (
    Fitted,
    command,
    environment,
    fit_in_process,
    write_plan,
)

pytestmark = [pytest.mark.torch, pytest.mark.timeout(180)]
SAME = 1e-6


def _kill_after(line: str, plan: Path, data: Path, out: Path) -> None:
    """Train until a line comes, then kill -9."""
    with subprocess.Popen(
        command(),
        env=environment(plan, data, out, None),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for said in process.stdout:
            if line in said:
                break
        process.kill()


def _metrics(out: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((out / "metrics.json").read_text())
    return content


def _curve(out: Path, name: str) -> list[float]:
    return [entry[name] for entry in _metrics(out)["training"]["history"]]


def _weights(out: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(out / "best.pt", weights_only=True)
    return state


def test_training_killed_three_times_ends_the_same(
    tmp_path: Path, tiny: Path, fitted: Fitted
) -> None:
    plan, out = write_plan(tmp_path), tmp_path / "out"
    for line in ("training on", '"epoch": 1,', '"epoch": 3,'):
        _kill_after(line, plan, tiny, out)
        assert not (out / "metrics.json").exists()
    done = fit_in_process(plan, tiny, out)
    assert done.returncode == 0, done.stderr
    for name in ("rate", "epoch"):
        assert _curve(out, name) == _curve(fitted.out, name)
    for name in ("loss", "dice"):
        assert _curve(out, name) == pytest.approx(_curve(fitted.out, name), abs=SAME)
    apart = {
        name: float((value - _weights(out)[name]).abs().max())
        for name, value in _weights(fitted.out).items()
    }
    assert max(apart.values()) <= SAME


def test_two_processes_train_as_one_does(tmp_path: Path, tiny: Path, fitted: Fitted) -> None:
    done = fit_in_process(write_plan(tmp_path), tiny, tmp_path / "out", processes=2)
    assert done.returncode == 0, done.stderr
    assert _curve(done.out, "loss") == pytest.approx(_curve(fitted.out, "loss"), rel=1e-3)
    assert _curve(done.out, "dice") == pytest.approx(_curve(fitted.out, "dice"), abs=0.02)
    assert len(done.stdout.splitlines()) == 4
