"""The last step that ran and wrote a segmentation makes the result; all steps are named in it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.fake_store import TOKEN, FakeTimer
from tests.support.make import IMAGE, WEIGHTS_SHA256, label
from tests.support.results import NOW, ball, reread, task
from tests.unit.results.conftest import Bench

from meninx.base.errors import Rejected
from meninx.imaging.nifti import write_nifti
from meninx.resources.inferencejob import Results
from meninx.resources.task import Task
from meninx.steps.compose import maker_of
from meninx.steps.deliver import deliver
from meninx.steps.delivered import delivered
from meninx.steps.gate import mark
from meninx.steps.patience import Patience
from meninx.steps.result import compose_result
from meninx.steps.store_client import connect
from meninx.steps.workspace import Workspace

HEAD_IMAGE, SMOOTH_IMAGE = "registry.invalid/head:1", "registry.invalid/smooth:2"
HEAD = {"name": "headmask", "version": "2", "image": HEAD_IMAGE, "labels": [label(3, "Head")]}
LESION = task().model.model_dump()
PIPELINE: dict[str, Any] = {
    "name": "head-then-lesion",
    "version": "1.1",
    "steps": [
        {"name": "head", "image": HEAD_IMAGE, "model": HEAD},
        {"name": "lesion", "image": IMAGE, "model": LESION},
        {"name": "smooth", "image": SMOOTH_IMAGE},
    ],
}
VALUE = {"head": 3, "lesion": 1, "smooth": 1}


def a_task() -> Task:
    """Return a task of the pipeline."""
    return task(pipeline=PIPELINE)


def after(bench: Bench, *wrote: str, skipped: Sequence[str] = ()) -> Workspace:
    """Return the workspace of `deliver` after these steps wrote a segmentation."""
    plain = bench.after_model()
    made = Workspace(
        plain.input, plain.output, plain.source, bench.folder / "outputs", bench.folder / "gates"
    )
    (bench.folder / "gates").mkdir()
    for step in VALUE:
        (bench.folder / "outputs" / step).mkdir(parents=True)
    for step in wrote:
        found = ball(bench.grid, (5, 4, 6), 3) * np.uint8(VALUE[step])
        write_nifti(bench.folder / "outputs" / step / "segmentation.nii", found, bench.grid)
    for step in skipped:
        mark(bench.folder / "gates", step).touch()
    return made


async def results_of(bench: Bench, workspace: Workspace) -> Results:
    """Deliver to the fake store."""
    async with connect(bench.url, TOKEN, a_task()) as client:
        return await deliver(
            a_task(), client, workspace, now=NOW, patience=Patience(0), timer=FakeTimer()
        )


@pytest.mark.parametrize(
    ("wrote", "skipped", "step", "found"),
    [
        (["head", "lesion"], [], "lesion", "Meningioma"),
        (["head", "lesion", "smooth"], [], "smooth", "Meningioma"),
        (["head"], [], "head", "Head"),
        (["head", "lesion"], ["lesion"], "head", "Head"),
    ],
    ids=["second", "plain-image-with-the-labels-before-it", "first", "passed-through"],
)
async def test_last_segmentation_of_a_step_that_ran_counts(
    bench: Bench, wrote: list[str], skipped: list[str], step: str, found: str
) -> None:
    workspace = after(bench, *wrote, skipped=skipped)
    chosen = delivered(a_task(), workspace)
    assert chosen is not None
    assert chosen[1].output.name == step
    results = await results_of(bench, workspace)
    assert [one.name for one in results.labels] == [found]
    assert len(bench.store.objects) == 2


@pytest.mark.rule("said-plainly")
async def test_nothing_looked_for_is_not_nothing_found(bench: Bench) -> None:
    results = await results_of(bench, after(bench, skipped=["lesion"]))
    assert results.findings is None
    assert results.sop_instance_uids == []
    assert bench.store.objects == {}
    assert len(bench.store.commits) == 1


@pytest.mark.rule("said-plainly")
async def test_what_an_intermediate_step_segmented_is_never_the_result(bench: Bench) -> None:
    first, *rest = PIPELINE["steps"]
    aside = task(pipeline={**PIPELINE, "steps": [{**first, "intermediate": True}, *rest]})
    assert delivered(aside, after(bench, "head", skipped=["lesion"])) is None


@pytest.mark.rule("said-plainly")
def test_only_an_intermediate_segmentation_breaks_the_contract(bench: Bench) -> None:
    first, *rest = PIPELINE["steps"]
    aside = task(pipeline={**PIPELINE, "steps": [{**first, "intermediate": True}, *rest]})
    with pytest.raises(Rejected, match="what intermediate steps wrote does not count"):
        delivered(aside, after(bench, "head"))


@pytest.mark.rule("said-plainly")
async def test_no_segmentation_of_any_step_breaks_the_contract(bench: Bench) -> None:
    with pytest.raises(Rejected, match="every step ended well but none wrote"):
        await results_of(bench, after(bench))


@pytest.mark.rule("traceable")
async def test_weights_of_every_step_must_be_those_named(bench: Bench) -> None:
    workspace = after(bench, "lesion", "smooth")
    said = {"model": {"sha256": "ab" * 32}}
    (bench.folder / "outputs" / "lesion" / "result.json").write_text(json.dumps(said))
    with pytest.raises(Rejected, match="the model ran weights abab"):
        await results_of(bench, workspace)


@pytest.mark.rule("traceable")
def test_segmentation_and_report_name_every_step(bench: Bench) -> None:
    chosen = delivered(a_task(), after(bench, "lesion"))
    assert chosen is not None
    made = compose_result(*chosen, now=NOW).composed
    assert made.seg is not None
    for written in map(reread, (made.seg, made.sr)):
        text = written.to_json()
        for wanted in ("head-then-lesion 1.1", HEAD_IMAGE, SMOOTH_IMAGE, IMAGE, WEIGHTS_SHA256):
            assert wanted in text


@pytest.mark.rule("traceable")
def test_skipped_step_is_named_as_skipped(bench: Bench) -> None:
    chosen = delivered(a_task(), after(bench, "head", skipped=["lesion"]))
    assert chosen is not None
    said = maker_of(chosen[0]).parameters()
    assert said["step lesion"].startswith("skipped; ")
    assert not said["step head"].startswith("skipped")


def _changed(**step: Any) -> Task:
    first, *rest = PIPELINE["steps"]
    return task(pipeline=PIPELINE | {"steps": [first | step, *rest]})


def test_another_image_of_any_step_is_another_maker() -> None:
    assert maker_of(_changed()).digest == maker_of(a_task()).digest
    assert maker_of(_changed(image="registry.invalid/head:9")).digest != maker_of(a_task()).digest


def test_job_of_one_model_is_delivered_as_it_was(tmp_path: Path) -> None:
    workspace = Workspace.under(tmp_path)
    assert delivered(task(), workspace) == (task(), workspace)
