from pathlib import Path

import numpy as np
import pydicom
import pytest

from meninx.imaging.nifti import volume_from_stack
from meninx.imaging.series import read_headers
from meninx.imaging.stack import Stack, build_stack
from meninx.phantom.scanner import Acquisition, acquisition_grid
from meninx.phantom.series import slices, stored_values, write_series
from meninx.phantom.simulate import Phantom

PLANES = {
    "axial": Acquisition("axial", (8.0, 8.0, 6.0)),
    "sagittal": Acquisition("sagittal", (8.0, 8.0, 5.0)),
    "coronal": Acquisition("coronal", (7.0, 8.0, 6.0)),
    "oblique": Acquisition("axial", (8.0, 8.0, 6.0), (8.0, 5.0, -6.0)),
}


def _tiny(acquisition: Acquisition) -> Phantom:
    grid = acquisition_grid(acquisition)
    image = np.random.default_rng(1).uniform(0, 2, grid.shape).astype(np.float32)
    return Phantom(7, acquisition, grid, image, image > 1.9, ())


@pytest.mark.parametrize("acquisition", PLANES.values(), ids=PLANES)
def test_series_reads_back_on_the_same_grid(acquisition: Acquisition, tmp_path: Path) -> None:
    phantom = _tiny(acquisition)
    paths = list(write_series(slices(phantom, lesions_asked=1), tmp_path))
    datasets = {ds.SOPInstanceUID: ds for ds in map(pydicom.dcmread, reversed(paths))}
    stack = build_stack([h for ds in datasets.values() for h in read_headers(ds)])
    assert isinstance(stack, Stack)
    assert stack.grid.same_as(phantom.grid, tolerance_mm=1e-3)
    assert np.array_equal(volume_from_stack(stack, datasets), stored_values(phantom))


def test_numbers_fit_their_value_representation() -> None:
    for image in slices(_tiny(PLANES["oblique"]), lesions_asked=1):
        for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
            assert all(len(str(value)) <= 16 for value in image[keyword].value)


def test_headers_tell_contrast_and_three_dimensions() -> None:
    image = slices(_tiny(PLANES["axial"]), lesions_asked=1)[0]
    assert image.ContrastBolusAgent.startswith("GADO")
    assert (image.MRAcquisitionType, list(image.ScanningSequence)) == ("3D", ["GR", "IR"])
    assert image.SeriesDescription == "T1 MPRAGE GADO"
    assert str(image.PatientName).startswith("PHANTOM^")
    assert image.PatientID.startswith("MNX-")
    assert image.StudyInstanceUID.startswith("2.25.")


def test_slices_ascend_along_the_normal() -> None:
    images = slices(_tiny(PLANES["sagittal"]), lesions_asked=1)
    row, column = np.array(images[0].ImageOrientationPatient, dtype=float).reshape(2, 3)
    along = [np.array(i.ImagePositionPatient, dtype=float) @ np.cross(row, column) for i in images]
    assert np.allclose(np.diff(along), 5.0, atol=1e-3)
