"""`prepare`: a volume and facts for the model, the images as they came for `deliver`, no identity."""

import errno
import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.identity import leaks
from tests.support.series import mr_series, write_series
from tests.support.stacks import stack_of, uids

from meninx.base.errors import NotFound, OutOfSpace, Rejected
from meninx.imaging.nifti import read_nifti
from meninx.resources.reasons import Reason
from meninx.resources.task import TaskChannel
from meninx.steps.prepare import prepare
from meninx.steps.workspace import Workspace


def _channel(**changes: Any) -> TaskChannel:
    return TaskChannel(**({"name": "t1c", "series": "e1"} | changes))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.under(tmp_path / "work")


def _picture(k: int) -> Any:
    return np.full((8, 8), 7 * k, np.uint16)


def test_channel_holds_the_voxels_on_their_grid(tmp_path: Path, workspace: Workspace) -> None:
    datasets = mr_series(9, spacing_mm=1.5, pixels=_picture)
    files = write_series(datasets[::-1], tmp_path / "in")
    prepare({"e1": files}, [_channel()], workspace.input, workspace.source)
    array, grid = read_nifti(workspace.input / "t1c.nii")
    assert grid.same_as(stack_of(datasets).grid)
    assert array[0, 0].tolist() == [7 * k for k in range(9)]


def test_compressed_channel_has_its_own_name(tmp_path: Path, workspace: Workspace) -> None:
    files = write_series(mr_series(9), tmp_path / "in")
    prepared = prepare({"e1": files}, [_channel(compress=True)], workspace.input)
    assert prepared.channels[0].file.name == "t1c.nii.gz"
    assert prepared.channels[0].file.read_bytes()[:2] == b"\x1f\x8b"


def test_study_file_tells_geometry_and_acquisition(tmp_path: Path, workspace: Workspace) -> None:
    datasets = mr_series(9, MagneticFieldStrength="3", EchoTime="2.1", ImagesInAcquisition=12)
    prepare({"e1": write_series(datasets, tmp_path / "in")}, [_channel()], workspace.input)
    study = json.loads((workspace.input / "study.json").read_text())
    (channel,) = study["channels"]
    assert (study["formatVersion"], channel["name"], channel["file"]) == (1, "t1c", "t1c.nii")
    assert (channel["shape"], channel["orientation"]) == ([8, 8, 9], "LPS")
    assert channel["acquisition"]["EchoTime"] == "2.1"
    assert channel["derived"]["Series.Slices"] == "9"
    assert [one["reason"] for one in channel["warnings"]] == ["EndsMayBeMissing"]


def test_nothing_that_the_model_sees_identifies_the_patient(
    tmp_path: Path, workspace: Workspace
) -> None:
    named: dict[str, Any] = {
        "SeriesDescription": "TEST^ONE",
        "StudyDescription": "MNX-0001",
        "ProtocolName": "x",
    }
    datasets = mr_series(9, **named)
    prepare({"e1": write_series(datasets, tmp_path / "in")}, [_channel()], workspace.input)
    seen = [path.read_bytes().decode("latin-1") for path in workspace.input.iterdir()]
    assert leaks(*seen) == []
    secrets = (datasets[0].StudyInstanceUID, datasets[0].SOPInstanceUID, "20260105")
    assert not [secret for secret in secrets for text in seen if secret in text]


def test_used_images_are_kept_for_deliver_and_make_the_same_stack(
    tmp_path: Path, workspace: Workspace
) -> None:
    echoes = [mr_series(9, EchoTime=te, SeriesNumber=int(te)) for te in (4.9, 7.4)]
    for echo in echoes:
        for dataset in echo:
            dataset.SOPInstanceUID += str(dataset.SeriesNumber)
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    files = write_series([*echoes[0], *echoes[1]], tmp_path / "in")
    channel = _channel(volume="LastEcho")
    prepared = prepare({"e1": files}, [channel], workspace.input, workspace.source)
    kept = workspace.reference(channel)
    assert [header.sop_instance_uid for header in kept.stack.headers] == uids(echoes[1])
    assert kept.stack.grid.same_as(prepared.channels[0].stack.grid)
    assert next(iter(kept.datasets)) == echoes[1][0].SOPInstanceUID


def test_damaged_series_is_refused_and_leaves_no_channel(
    tmp_path: Path, workspace: Workspace
) -> None:
    datasets = mr_series(20)
    files = write_series(datasets[:7] + datasets[8:], tmp_path / "in")
    with pytest.raises(Rejected) as refused:
        prepare({"e1": files}, [_channel()], workspace.input)
    assert refused.value.reason == Reason.MISSING_SLICES
    assert list(workspace.input.iterdir()) == []


def test_file_that_is_no_dicom_shows_as_a_gap(tmp_path: Path, workspace: Workspace) -> None:
    files = write_series(mr_series(20), tmp_path / "in")
    files[9].write_bytes(b"not DICOM any more")
    with pytest.raises(Rejected) as refused:
        prepare({"e1": files}, [_channel()], workspace.input)
    assert refused.value.reason == Reason.MISSING_SLICES


def test_channel_without_its_series_is_told(workspace: Workspace) -> None:
    with pytest.raises(NotFound, match="channel t1c"):
        prepare({"e2": []}, [_channel()], workspace.input)


def test_full_volume_asks_to_be_tried_again(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("meninx.steps.prepare.write_nifti", full)
    files = write_series(mr_series(9), tmp_path / "in")
    with pytest.raises(OutOfSpace, match="no room to write t1c"):
        prepare({"e1": files}, [_channel()], workspace.input)


def test_one_volume_and_one_slice_are_in_memory(tmp_path: Path, workspace: Workspace) -> None:
    pixels = np.random.default_rng(1).integers(0, 4000, (256, 256)).astype(np.uint16)
    files = write_series(mr_series(100, pixels=lambda _: pixels), tmp_path / "in")
    volume_bytes = 100 * pixels.size * 4
    tracemalloc.start()
    prepare({"e1": files}, [_channel()], workspace.input, workspace.source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.25 * volume_bytes
