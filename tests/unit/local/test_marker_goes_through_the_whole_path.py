"""O-17 and O-20 from DICOM to DICOM through a real model process: nothing mirrored, nothing swapped."""

from collections.abc import Sequence
from pathlib import Path

import nibabel
import numpy as np
import pytest
from pydicom import Dataset, dcmread
from tests.support.results import PLANES, ball, points_lps, slices, source_of_datasets
from tests.support.results import mask_by_position as read_by_position
from tests.support.series import mr_slice, write_series

from meninx.cli.main import main

SHAPE = (40, 50, 30)
MARKER_LPS, MARKER_RAS = (12.0, -8.0, 6.0), (-12.0, 8.0, 6.0)


def run(datasets: Sequence[Dataset], folder: Path) -> Path:
    write_series(datasets, folder / "study")
    out = folder / "out"
    assert main(["run", "--model", "threshold", "--out", str(out), str(folder / "study")]) == 0
    return out


def marked_head(plane: str) -> list[Dataset]:
    orientation = PLANES[plane]
    row, column = np.asarray(orientation[:3]), np.asarray(orientation[3:])
    axes = np.stack([row, column, np.cross(row, column)])
    origin = tuple(-(np.asarray(SHAPE) // 2) @ axes)
    empty = slices(SHAPE, orientation=orientation, origin_lps=origin)
    marker = ball(source_of_datasets(empty).grid, MARKER_LPS, 2.5).astype(np.uint16) * 1000
    return slices(SHAPE, orientation=orientation, origin_lps=origin, array=marker)


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize("plane", PLANES, ids=str)
def test_marker_is_found_at_its_own_place_in_nifti_and_segmentation(
    plane: str, tmp_path: Path
) -> None:
    datasets = marked_head(plane)
    out = run(datasets, tmp_path)
    image = nibabel.load(out / "segmentation.nii.gz")
    voxels = np.argwhere(np.asarray(image.dataobj)).mean(axis=0)
    grid = source_of_datasets(datasets).grid
    found = read_by_position(dcmread(out / "segmentation.dcm"), grid)
    assert np.linalg.norm((image.affine @ (*voxels, 1))[:3] - MARKER_RAS) < 0.5
    assert np.linalg.norm(points_lps(grid)[found > 0].mean(axis=0) - MARKER_LPS) < 0.5


@pytest.mark.usefixtures("models")
def test_bright_slice_is_named_by_the_frame_whatever_the_order_of_files(tmp_path: Path) -> None:
    numbers = (17, 4, 23, 9, 1, 30)
    datasets = [
        mr_slice(
            np.full((8, 8), 777 if k == 1 else 10, np.uint16),
            position_lps=(0, 0, 2 * k),
            InstanceNumber=numbers[k],
        )
        for k in range(6)
    ]
    out = run([datasets[k] for k in (3, 0, 5, 1, 4, 2)], tmp_path)
    (frame,) = dcmread(out / "segmentation.dcm").PerFrameFunctionalGroupsSequence
    reference = frame.DerivationImageSequence[0].SourceImageSequence[0]
    assert frame.PlanePositionSequence[0].ImagePositionPatient == [0, 0, 2]
    assert reference.ReferencedSOPInstanceUID == datasets[1].SOPInstanceUID
