from pathlib import Path

import pytest

from meninx_models.train.losses import EVERY, Log, draw_log, read_log

pytestmark = pytest.mark.torch


def _log(folder: Path, first: int, last: int, loss: float = 1.0) -> None:
    log = Log(folder, first)
    for step in range(first + 1, last + 1):
        log.add("one", 2, step, loss, 0.5)


def test_log_holds_the_mean_of_some_steps(tmp_path: Path) -> None:
    log = Log(tmp_path, 0)
    for step in range(1, EVERY + 1):
        log.add("one", 2, step, float(step), 0.5)
    (entry,) = read_log(tmp_path / "training.csv")
    assert (entry.step, entry.stage, entry.millimetres) == (EVERY, "one", 2)
    assert (entry.loss, entry.seconds) == ((EVERY + 1) / 2, 0.5)


def test_resumed_run_writes_each_step_once(tmp_path: Path) -> None:
    _log(tmp_path, 0, 3 * EVERY)
    _log(tmp_path, EVERY, 4 * EVERY, loss=2.0)
    entries = read_log(tmp_path / "training.csv")
    assert [entry.step for entry in entries] == [EVERY, 2 * EVERY, 3 * EVERY, 4 * EVERY]
    assert [entry.loss for entry in entries] == [1.0, 2.0, 2.0, 2.0]


def test_log_becomes_a_picture(tmp_path: Path) -> None:
    _log(tmp_path, 0, 2 * EVERY)
    draw_log(tmp_path / "curves.png", read_log(tmp_path / "training.csv"))
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
