"""`meninx run`: the same steps in one process, ending with files, numbers and a picture."""

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from tests.support.results import ball, mask_by_position, slices, source_of_datasets
from tests.support.series import write_series

from meninx.cli.main import main
from meninx.imaging.measure import LabelMap

SHAPE = (24, 20, 12)
SOURCE = source_of_datasets(slices(SHAPE, origin_lps=(-12, -10, -6)))
LESION = ball(SOURCE.grid, (3, -2, 1), 4)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return written(tmp_path / "study", LESION)


def written(folder: Path, mask: LabelMap) -> Path:
    array = (mask.astype(np.uint16) * 600) + 100
    write_series(slices(SHAPE, origin_lps=(-12, -10, -6), array=array), folder)
    return folder


def run(study: Path, out: Path, *more: str) -> int:
    return main(["run", "--model", "threshold", "--out", str(out), *more, str(study)])


@pytest.mark.usefixtures("models")
def test_lesion_is_found_where_it_is(study: Path, tmp_path: Path) -> None:
    assert run(study, tmp_path / "out") == 0
    seg = dcmread(tmp_path / "out" / "segmentation.dcm")
    nifti = nibabel.load(tmp_path / "out" / "segmentation.nii.gz")
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    assert np.array_equal(mask_by_position(seg, SOURCE.grid), LESION)
    assert np.array_equal(np.asarray(nifti.dataobj), LESION)
    assert result["labels"][0]["volumeMl"] == pytest.approx(LESION.sum() / 1000, abs=1e-3)
    assert result["findings"] == 1
    assert result["modelSays"] == {"measurements": {"voxels": int(LESION.sum())}}
    assert dcmread(tmp_path / "out" / "sr.dcm").Modality == "SR"
    with Image.open(tmp_path / "out" / "preview.png") as picture:
        assert picture.size[0] > 1000


@pytest.mark.usefixtures("models")
def test_healthy_study_ends_well_with_nothing_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    healthy = written(tmp_path / "healthy", np.zeros(SHAPE, np.uint8))
    assert run(healthy, tmp_path / "out") == 0
    assert "nothing found" in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / "result.json").read_text())["findings"] == 0
    assert not (tmp_path / "out" / "segmentation.dcm").exists()
    assert (tmp_path / "out" / "sr.dcm").exists()


@pytest.mark.usefixtures("models")
def test_earlier_result_never_stands_beside_a_later_one(study: Path, tmp_path: Path) -> None:
    assert run(study, tmp_path / "out") == 0
    healthy = written(tmp_path / "healthy", np.zeros(SHAPE, np.uint8))
    assert run(healthy, tmp_path / "out") == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "preview.png", "result.json", "segmentation.nii.gz", "sr.dcm",
    ]  # fmt: skip


@pytest.mark.usefixtures("models")
def test_person_reads_series_volume_and_the_warning(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(study, tmp_path / "out")
    said = capsys.readouterr().out
    assert "t1c: series 3 't1 mprage sag gd'" in said
    assert f"Meningioma {LESION.sum() / 1000:.2f} mL (1 part)" in said
    assert "not for clinical use" in said


@pytest.mark.usefixtures("models")
def test_script_reads_the_same_as_json(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(study, tmp_path / "out", "--json")
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "out" / "result.json").read_text())
    assert printed["choice"]["channels"][0]["name"] == "t1c"
    assert set(printed["seconds"]) == {"choose", "prepare", "model", "compose", "write"}


@pytest.mark.usefixtures("models")
def test_same_study_gives_the_same_objects(study: Path, tmp_path: Path) -> None:
    for out in ("first", "second"):
        run(study, tmp_path / out)
    uids = [dcmread(tmp_path / o / "segmentation.dcm").SOPInstanceUID for o in ("first", "second")]
    assert uids[0] == uids[1]
    assert str(uids[0]).startswith("2.25.")


@pytest.mark.usefixtures("models")
def test_series_with_a_gap_ends_with_its_reason(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (study / "0005.dcm").unlink()
    assert run(study, tmp_path / "out") == 65
    assert "MissingSlices" in capsys.readouterr().err
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    assert result["error"]["reason"] == "MissingSlices"
    assert "findings" not in result
