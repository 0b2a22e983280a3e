"""O-14 and O-17: each voxel lies where DICOM says, whatever other tags and orders say."""

import random
from itertools import product
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from scipy.spatial.transform import Rotation
from tests.support.series import mr_series, mr_slice
from tests.support.stacks import refusal_of, stack_of, volume_of

from meninx.imaging.nifti import read_nifti, write_nifti
from meninx.resources.reasons import Reason


def _trap() -> list[Dataset]:
    datasets = [
        mr_slice(
            np.full((6, 10), k, np.uint16),
            position_lps=(-10, -20, 5 + 1.5 * k),
            pixel_spacing_mm=(0.5, 0.8),
            InstanceNumber=10 - k,
            SliceThickness=3.0,
            SpacingBetweenSlices=-1.5,
        )
        for k in range(10)
    ]
    random.Random(7).shuffle(datasets)
    return datasets


def test_thickness_and_signed_spacing_are_not_trusted(tmp_path: Path) -> None:
    datasets = _trap()
    stack, volume = stack_of(datasets), volume_of(datasets)
    write_nifti(tmp_path / "a.nii", volume, stack.grid)
    image = nibabel.load(tmp_path / "a.nii")
    expected = np.array([[-0.8, 0, 0, 10], [0, -0.5, 0, 20], [0, 0, 1.5, 5], [0, 0, 0, 1]])
    assert np.allclose(image.get_sform(), expected, atol=1e-6)
    assert np.allclose(image.get_qform(), expected, atol=1e-6)
    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (1, 1)
    assert np.allclose(image.affine @ (9, 0, 0, 1), (2.8, 20, 5, 1))
    assert volume[0, 0, :].tolist() == list(range(10))


def _turned(angles: tuple[float, float, float]) -> tuple[float, ...]:
    matrix = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    return (*matrix[:, 0], *matrix[:, 1])


def _place(dataset: Dataset, row: int, column: int) -> Any:
    """Where a pixel lies by PS3.3 C.7.6.2.1.1, in LPS."""
    along_row, along_column = np.split(np.asarray(dataset.ImageOrientationPatient, float), 2)
    between_rows, between_columns = map(float, dataset.PixelSpacing)
    first = np.asarray(dataset.ImagePositionPatient, float)
    return first + along_row * (column * between_columns) + along_column * (row * between_rows)


@settings(max_examples=40, deadline=None)
@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    origin=st.tuples(*[st.floats(-250, 250)] * 3),
    between=st.tuples(st.floats(0.2, 3), st.floats(0.2, 3), st.floats(0.3, 8)),
    order=st.randoms(use_true_random=False),
)
def test_each_voxel_lies_where_its_header_says(
    angles: Any, origin: Any, between: Any, order: random.Random
) -> None:
    rows, columns, count = 4, 5, 6
    datasets = mr_series(
        count,
        spacing_mm=between[2],
        orientation=_turned(angles),
        origin_lps=origin,
        pixel_spacing_mm=between[:2],
        pixels=lambda k: np.arange(20, dtype=np.uint16).reshape(rows, columns) + 100 * k,
    )
    shuffled = order.sample(datasets, count)
    stack, volume = stack_of(shuffled), volume_of(shuffled)
    for k, r, c in product(range(count), (0, 3), (0, 1, 4)):
        place = _place(datasets[k], r, c)
        assert np.allclose((stack.grid.affine_lps @ (c, r, k, 1))[:3], place, atol=2e-3)
        assert volume[c, r, k] == 100 * k + r * columns + c


@settings(max_examples=15, deadline=None)
@given(angles=st.tuples(*[st.floats(-180, 180)] * 3), spacing=st.floats(0.3, 8))
def test_grid_survives_the_nifti_file(
    tmp_path_factory: pytest.TempPathFactory, angles: Any, spacing: float
) -> None:
    datasets = mr_series(3, spacing_mm=spacing, orientation=_turned(angles), origin_lps=(9, -80, 4))
    stack = stack_of(datasets)
    path = tmp_path_factory.mktemp("nifti") / "t1c.nii.gz"
    write_nifti(path, volume_of(datasets), stack.grid)
    array, grid = read_nifti(path)
    assert grid.same_as(stack.grid, tolerance_mm=1e-3)
    assert array.shape == stack.grid.shape


@pytest.mark.parametrize(
    "orientation",
    [
        pytest.param((1, 0, 0, 0, 1, 0), id="axial"),
        pytest.param((0, 1, 0, 0, 0, -1), id="sagittal"),
        pytest.param((1, 0, 0, 0, 0, -1), id="coronal"),
        pytest.param(_turned((17, 0, 0)), id="oblique 17 degrees"),
        pytest.param(_turned((-12, 9, 170)), id="oblique and upside down"),
    ],
)
def test_marker_keeps_its_side_in_the_nifti_file(
    orientation: tuple[float, ...], tmp_path: Path
) -> None:
    cosines = np.asarray(orientation, dtype=float).reshape(2, 3)
    axes = np.vstack([cosines, np.cross(*cosines)])
    marker = np.asarray((12.0, -8.0, 6.0))
    origin = marker - np.asarray((32, 17, 21)) @ axes

    def picture(k: int) -> Any:
        pixels = np.zeros((50, 40), np.uint16)
        pixels[15:20, 30:35] = 1000 * (19 <= k <= 23)
        return pixels

    datasets = mr_series(30, orientation=orientation, origin_lps=origin, pixels=picture)
    write_nifti(tmp_path / "t1c.nii", volume_of(datasets), stack_of(datasets).grid)
    image = nibabel.load(tmp_path / "t1c.nii")
    centroid = np.argwhere(np.asarray(image.dataobj) > 500).mean(axis=0)
    assert np.allclose((image.affine @ (*centroid, 1))[:3], (-12, 8, 6), atol=0.01)


@pytest.mark.parametrize(
    ("count", "needed"), [(1, 1), (0, 1), (7, 8)], ids=["one slice", "no slice", "below minimum"]
)
def test_too_few_slices_make_no_volume(count: int, needed: int) -> None:
    finding = refusal_of(mr_series(count), min_slices=needed)
    assert finding.reason == (Reason.TOO_FEW_SLICES if count else Reason.UNSUPPORTED_OBJECT)
