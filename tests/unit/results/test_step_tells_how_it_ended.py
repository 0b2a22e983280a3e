"""Exit codes and termination messages of `fetch` and `deliver`: the operator reads nothing else."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from tests.support.identity import leaks
from tests.unit.results.conftest import SHAPE, Bench

from meninx.base.settings import Environment
from meninx.cli import deliver as deliver_command
from meninx.cli import fetch as fetch_command
from meninx.resources.reasons import Reason
from meninx.steps.edge import run_step
from meninx.steps.workspace import Workspace


async def ended(bench: Bench, action: Any, workspace: Workspace) -> tuple[int, dict[str, str]]:
    """Run a step as its container does; return exit code and termination message."""
    environment = Environment(bench.environment(workspace))
    code = await asyncio.to_thread(run_step, action, environment, failure=Reason.DELIVER_FAILED)
    return code, json.loads((bench.folder / "termination-log").read_text())


async def test_fetch_that_is_done_sums_up_the_shape(bench: Bench) -> None:
    ending = await ended(bench, fetch_command._fetch, bench.workspace())
    assert ending == (0, {"summary": "t1c 20x18x10"})


async def test_deliver_that_is_done_sums_up_the_findings(bench: Bench) -> None:
    ending = await ended(bench, deliver_command._deliver, bench.after_model())
    assert ending == (0, {"summary": "findings 1, objects 2"})


async def test_series_with_a_gap_is_rejected_for_good(bench: Bench) -> None:
    del bench.store.series[bench.task.channels[0].series][4]
    code, message = await ended(bench, fetch_command._fetch, bench.workspace())
    assert (code, message["reason"]) == (65, "MissingSlices")


def nothing(workspace: Workspace) -> None:
    (workspace.output / "segmentation.nii").unlink()


def nan(workspace: Workspace) -> None:
    _overwrite(workspace, np.full(SHAPE, np.nan, np.float32))


def stranger(workspace: Workspace) -> None:
    _overwrite(workspace, np.full(SHAPE, 7, np.uint8))


def flat(workspace: Workspace) -> None:
    _overwrite(workspace, np.ones(SHAPE[:2], np.uint8))


def torn(workspace: Workspace) -> None:
    path = workspace.output / "segmentation.nii"
    path.write_bytes(path.read_bytes()[:500])


def text(workspace: Workspace) -> None:
    (workspace.output / "segmentation.nii").write_text("no lesion")


def _overwrite(workspace: Workspace, array: Any) -> None:
    nibabel.save(nibabel.Nifti1Image(array, np.eye(4)), workspace.output / "segmentation.nii")


@pytest.mark.parametrize(
    ("breakage", "code", "reason"),
    [
        (nan, 66, "NotFinite"),
        (nothing, 67, "BadResult"),
        (stranger, 67, "BadResult"),
        (flat, 67, "BadResult"),
        (torn, 67, "BadResult"),
        (text, 67, "BadResult"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
async def test_broken_result_is_told_by_exit_code_and_reason(
    bench: Bench, breakage: Callable[[Workspace], None], code: int, reason: str
) -> None:
    workspace = bench.after_model()
    breakage(workspace)
    found, message = await ended(bench, deliver_command._deliver, workspace)
    assert (found, message["reason"]) == (code, reason)
    assert message["message"]
    assert not bench.store.objects


@pytest.mark.parametrize(
    ("status", "code"), [(503, 75), (507, 75), (409, 75), (403, 70), (404, 70)], ids=str
)
async def test_store_that_refuses_is_told_as_deliver_failed(
    bench: Bench, status: int, code: int
) -> None:
    bench.store.answers = [status]
    found, message = await ended(bench, deliver_command._deliver, bench.after_model())
    assert (found, message["reason"]) == (code, "DeliverFailed")
    assert str(status) in message["message"]


async def test_bug_of_ours_is_told_without_quoting_anybody(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    async def bug(*_: Any) -> str:
        raise KeyError("TEST^ONE")

    code, message = await ended(bench, bug, bench.workspace())
    assert code == 70
    assert "KeyError at test_step_tells_how_it_ended.py" in message["message"]
    assert not leaks(json.dumps(message), *capsys.readouterr())


async def test_step_without_a_task_says_which_variable_is_missing(
    bench: Bench, tmp_path: Path
) -> None:
    environment = bench.environment(bench.workspace())
    del environment["MENINX_TASK"]
    code = await asyncio.to_thread(
        run_step, deliver_command._deliver, Environment(environment), failure=Reason.DELIVER_FAILED
    )
    assert code == 70
    assert "MENINX_TASK" in (tmp_path / "termination-log").read_text()
