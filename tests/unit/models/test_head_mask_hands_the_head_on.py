"""The worked example's first step: measured head, cleaned channel, and the next step still finds its way."""

import json
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
import pytest
from tests.unit.models.heads import RAS, head

SCRIPT = Path(__file__).parents[3] / "model-images" / "example-headmask" / "model.py"
Ran = tuple[int, Path]


def run(folder: Path, values: npt.NDArray[np.float32]) -> Ran:
    """Run the step on these values; return its exit code and output folder."""
    source, target = folder / "in", folder / "out"
    source.mkdir()
    target.mkdir()
    nibabel.save(nibabel.Nifti1Image(values, RAS), source / "t1c.nii")
    (source / "study.json").write_text('{"channels": []}')
    environment = {"MENINX_INPUT": str(source), "MENINX_OUTPUT": str(target)}
    done = subprocess.run([sys.executable, SCRIPT], env=environment, check=False)
    return done.returncode, target


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run(tmp_path_factory.mktemp("head"), head()[0])


def _read(ran: Ran, name: str) -> npt.NDArray[np.float32]:
    return np.asarray(nibabel.load(ran[1] / name).dataobj, np.float32)


def test_head_is_measured_in_millilitres(ran: Ran) -> None:
    measured = json.loads((ran[1] / "result.json").read_text())["measurements"]["head_ml"]
    voxels = np.count_nonzero(_read(ran, "segmentation.nii"))
    assert measured == pytest.approx(voxels * abs(np.linalg.det(RAS[:3, :3])) / 1000, abs=0.1)
    assert 1000 < measured < 9000


def test_air_is_taken_away_and_nothing_of_the_head(ran: Ran) -> None:
    given, cleaned = head()[0], _read(ran, "t1c.nii")
    inside = _read(ran, "segmentation.nii") > 0
    assert ran[0] == 0
    assert np.array_equal(cleaned[inside], given[inside])
    assert np.unique(cleaned[~inside]).tolist() == [given.min()]
    assert given[inside].mean() > 5 * given[~inside].mean()


def test_next_step_is_told_of_the_study_too(ran: Ran) -> None:
    assert json.loads((ran[1] / "study.json").read_text()) == {"channels": []}


@pytest.mark.parametrize(
    ("value", "code"), [(0.0, 65), (np.nan, 66)], ids=["no signal", "not a number"]
)
def test_what_is_no_head_is_refused(tmp_path: Path, value: float, code: int) -> None:
    assert run(tmp_path, np.full((32, 32, 32), value, np.float32))[0] == code
