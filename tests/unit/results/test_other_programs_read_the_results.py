"""dcmtk and dicom3tools, which nobody here wrote, read what we write and find it legal."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset
from tests.support.make import label
from tests.support.results import composed, slices, source_of_datasets

REGION = {"value": "1231004", "meaning": "Meninges structure"}


@pytest.fixture(params=["lesion", "healthy", "two labels"])
def objects(request: pytest.FixtureRequest) -> tuple[Dataset, ...]:
    source = source_of_datasets(slices((8, 8, 5), PatientName="TEST^ONE"))
    labels = np.zeros(source.grid.shape, np.uint8)
    labels[4:6, 4:6, 2:4] = request.param != "healthy"
    known = [label(anatomicRegion=REGION)]
    known += [label(2, "Edema")] if request.param == "two labels" else []
    return composed(source, labels, labels=known, no_findings="EmptySegmentation").objects


def output(*command: str | Path) -> str:
    """Run a program that must be installed (tests/packages.txt); return all that it says."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_dcmdump_reads_every_object(objects: tuple[Dataset, ...], tmp_path: Path) -> None:
    for made in objects:
        made.save_as(tmp_path / "made.dcm", enforce_file_format=True)
        said = output("dcmdump", "+P", "SOPInstanceUID", tmp_path / "made.dcm")
        assert str(made.SOPInstanceUID) in said
        assert "E: " not in said


def test_validator_finds_no_error(objects: tuple[Dataset, ...], tmp_path: Path) -> None:
    for made in objects:
        made.save_as(tmp_path / "made.dcm", enforce_file_format=True)
        said = output("dciodvfy", tmp_path / "made.dcm")
        assert [line for line in said.splitlines() if line.startswith("Error")] == []


def test_dcmtk_understands_the_report(objects: tuple[Dataset, ...], tmp_path: Path) -> None:
    objects[-1].save_as(tmp_path / "sr.dcm", enforce_file_format=True)
    said = output("dsrdump", tmp_path / "sr.dcm")
    assert "Imaging Measurement Report" in said
    assert "Volume" in said
