"""An independent reader puts each voxel of the DICOM series and of our NIfTI file at one place."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from tests.support.results import PLANES
from tests.support.series import mr_series, write_series
from tests.support.stacks import stack_of, volume_of

from meninx.imaging.nifti import write_nifti


def _picture(k: int) -> Any:
    return (np.arange(80, dtype=np.uint16) + 100 * k).reshape(8, 10)


PLACED: dict[str, Any] = {
    "spacing_mm": 1.7,
    "origin_lps": (-31.5, 12.25, 40),
    "pixel_spacing_mm": (0.6, 0.9),
    "pixels": _picture,
}


@pytest.mark.parametrize("orientation", PLANES.values(), ids=PLANES)
def test_series_and_file_are_one_image_to_simpleitk(
    orientation: tuple[float, ...], tmp_path: Path
) -> None:
    datasets = mr_series(7, orientation=orientation, **PLACED)
    files = write_series(datasets, tmp_path / "series")
    write_nifti(tmp_path / "t1c.nii", volume_of(datasets[::-1]), stack_of(datasets).grid)
    series = SimpleITK.ReadImage([str(path) for path in files])
    nifti = SimpleITK.ReadImage(str(tmp_path / "t1c.nii"))
    assert series.GetSize() == nifti.GetSize() == (10, 8, 7)
    for index in ((0, 0, 0), (9, 0, 0), (0, 7, 0), (3, 2, 6)):
        there = series.TransformIndexToPhysicalPoint(index)
        here = nifti.TransformIndexToPhysicalPoint(index)
        assert np.allclose(there, here, atol=1e-4)
        assert series.GetPixel(index) == nifti.GetPixel(index)
