"""A folder on a mounted claim: series chosen in the pod, nothing read beside it, results stored."""

from pathlib import Path

import pytest
from tests.support.fake_store import FakeStore, FakeTimer, serving
from tests.support.results import NOW, ball, source_of_datasets, task
from tests.support.series import mr_series, write_series

from meninx.base.errors import Rejected
from meninx.imaging.nifti import write_nifti
from meninx.resources.aimodel import Channel
from meninx.resources.inferencejob import JobInput
from meninx.resources.reasons import Reason
from meninx.resources.task import Task, channels_of
from meninx.steps.claim import study_of_claim
from meninx.steps.deliver import deliver
from meninx.steps.fetch import fetch
from meninx.steps.patience import Patience
from meninx.steps.prepare import PreparedInput
from meninx.steps.store_client import connect
from meninx.steps.workspace import Workspace

MPRAGE = {"require": {"all": [{"attribute": "SeriesDescription", "contains": "mprage"}]}}


def volume_task(path: str = "study", selector: object = MPRAGE) -> Task:
    given = JobInput.model_validate({"volumeClaim": {"name": "studies", "path": path}})
    channel = Channel.model_validate({"name": "t1c", "selector": selector})
    return task(study=given.store_study, revision=0, folder=path).model_copy(
        update={"channels": channels_of(given, [channel])}
    )


def workspace_on(claim: Path, pod: Path) -> Workspace:
    made = Workspace.under(pod)
    return Workspace(made.input, made.output, made.source, claim=claim)


async def fetched(claim: Path, pod: Path, work: Task) -> PreparedInput:
    async with connect("http://127.0.0.1:9", "none", work) as client:
        workspace = workspace_on(claim, pod)
        return await fetch(work, client, workspace, patience=Patience(), timer=FakeTimer())


@pytest.fixture
def claim(tmp_path: Path) -> Path:
    """A volume with a study of two series, and things that are none of its business."""
    root = tmp_path / "claim"
    write_series(mr_series(12), root / "study" / "a")
    flair = mr_series(12, SeriesInstanceUID="2.25.2002", SeriesDescription="t2 flair")
    write_series(flair, root / "study" / "b")
    (root / "study" / "notes.txt").write_text("no DICOM")
    write_series(mr_series(12, StudyInstanceUID="2.25.1"), tmp_path / "outside")
    return root


async def test_selector_chooses_the_series_in_the_pod(claim: Path, tmp_path: Path) -> None:
    prepared = await fetched(claim, tmp_path / "pod", volume_task())
    series = {h.series_instance_uid for h in prepared.channels[0].stack.headers}
    assert series == {"2.25.2001"}
    assert prepared.channels[0].file.is_file()


async def test_refusal_names_series_by_number_never_by_uid(claim: Path, tmp_path: Path) -> None:
    selector = {"require": {"all": [{"attribute": "EchoTime", "exists": True}]}}
    with pytest.raises(Rejected) as refused:
        await fetched(claim, tmp_path / "pod", volume_task(selector=selector))
    assert refused.value.reason == Reason.NO_SERIES_MATCHES
    assert "#1" in refused.value.message
    assert "2.25." not in refused.value.message


@pytest.mark.parametrize(
    "path", ["../outside", "study/../../outside", "absent"], ids=["up", "around", "absent"]
)
def test_paths_out_of_the_volume_are_refused(claim: Path, path: str) -> None:
    with pytest.raises(Rejected) as refused:
        study_of_claim(claim, path)
    assert refused.value.reason == Reason.INPUT_NOT_USABLE


@pytest.mark.parametrize("is_folder", [True, False], ids=["folder", "file"])
async def test_links_out_of_the_volume_are_refused(
    claim: Path, tmp_path: Path, is_folder: bool
) -> None:
    if is_folder:
        (claim / "link").symlink_to(tmp_path / "outside")
        work = volume_task("link")
    else:
        (claim / "study" / "a" / "0000.dcm").unlink()
        stray = write_series(mr_series(1), tmp_path / "outside" / "same")[0]
        (claim / "study" / "a" / "0000.dcm").symlink_to(stray)
        work = volume_task()
    with pytest.raises(Rejected, match="out of the volume"):
        await fetched(claim, tmp_path / "pod", work)


async def test_results_are_stored_under_the_study_of_the_folder(
    claim: Path, tmp_path: Path
) -> None:
    work = volume_task()
    prepared = await fetched(claim, tmp_path / "pod", work)
    workspace = workspace_on(claim, tmp_path / "pod")
    grid = prepared.channels[0].stack.grid
    found = ball(source_of_datasets(mr_series(12)).grid, (4, 4, 6), 2)
    write_nifti(workspace.output / "segmentation.nii", found, grid)
    store = FakeStore()
    async with serving(store) as url, connect(url, "token-of-the-job", work) as client:
        await deliver(work, client, workspace, now=NOW, patience=Patience(0), timer=FakeTimer())
    assert len(store.objects) == 2
    assert store.commits[0]["study"] == "2.25.1001"
