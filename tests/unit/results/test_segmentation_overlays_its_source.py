"""O-17, O-18, O-20: each voxel of the segmentation lies where it lay on the source."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from pydicom import Dataset
from tests.support.results import (
    PLANES,
    ball,
    composed,
    mask_by_position,
    points_lps,
    reread,
    slices,
    source_of_datasets,
)
from tests.support.series import write_series

from meninx.base.errors import Broken

SHAPE = (40, 50, 30)
MARKER = (12.0, -8.0, 6.0)
Shape = tuple[int, int, int]


def around_zero(orientation: Sequence[float], shape: Shape) -> tuple[float, ...]:
    row, column = np.asarray(orientation[:3]), np.asarray(orientation[3:])
    axes = np.stack([row, column, np.cross(row, column)])
    return tuple(-(np.asarray(shape) // 2) @ axes)


def head(plane: str, **attributes: Any) -> list[Dataset]:
    orientation = PLANES[plane]
    origin = around_zero(orientation, SHAPE)
    return slices(SHAPE, orientation=orientation, origin_lps=origin, **attributes)


@pytest.mark.parametrize("plane", PLANES, ids=str)
def test_marker_comes_back_at_its_own_place(plane: str) -> None:
    source = source_of_datasets(head(plane))
    labels = ball(source.grid, MARKER, 2.5)
    seg = composed(source, labels).seg
    assert seg is not None
    found = mask_by_position(seg, source.grid)
    centroid = points_lps(source.grid)[found > 0].mean(axis=0)
    assert np.array_equal(found, labels)
    assert np.linalg.norm(centroid - MARKER) < 0.5


@pytest.mark.parametrize("plane", PLANES, ids=str)
def test_each_voxel_lies_on_the_bright_voxel_that_another_reader_sees(
    plane: str, tmp_path: Path
) -> None:
    source = source_of_datasets(head(plane))
    labels = ball(source.grid, MARKER, 2.5)
    bright = labels.astype(np.uint16) * 1000
    paths = write_series(head(plane, array=bright), tmp_path)
    image = SimpleITK.ReadImage(
        SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(paths[0].parent))
    )
    seg = composed(source, labels).seg
    assert seg is not None
    values = [image.GetPixel(image.TransformPhysicalPointToIndex(p)) for p in places_of(seg)]
    assert values == [1000] * int(labels.sum())


def places_of(seg: Dataset) -> list[tuple[float, ...]]:
    """Return the place of each voxel from the frames' own positions, without any library."""
    written = reread(seg)
    shared = written.SharedFunctionalGroupsSequence[0]
    row, column = np.reshape(shared.PlaneOrientationSequence[0].ImageOrientationPatient, (2, 3))
    between_rows, between_columns = shared.PixelMeasuresSequence[0].PixelSpacing
    frames = np.reshape(written.pixel_array, (-1, written.Rows, written.Columns))
    places = []
    for frame, groups in zip(frames, written.PerFrameFunctionalGroupsSequence, strict=True):
        corner = np.asarray(groups.PlanePositionSequence[0].ImagePositionPatient, dtype=float)
        for r, c in np.argwhere(frame):
            places.append(tuple(corner + row * c * between_columns + column * r * between_rows))
    return places


@pytest.mark.parametrize(
    ("shape", "spacing_mm"),
    [((97, 101, 37), (0.9375, 0.9375, 3.3)), ((90, 100, 7), (1, 1, 5)), ((40, 40, 12), (1, 1, 1))],
    ids=["odd sizes", "seven slices", "small"],
)
def test_mask_has_the_sources_rows_columns_and_slices(
    shape: Shape, spacing_mm: tuple[float, ...]
) -> None:
    source = source_of_datasets(slices(shape, spacing_mm=spacing_mm, origin_lps=(-40, -45, -9)))
    middle = points_lps(source.grid).reshape(-1, 3).mean(axis=0)
    labels = ball(source.grid, middle, 10)
    seg = composed(source, labels).seg
    assert seg is not None
    assert (seg.Rows, seg.Columns) == (shape[1], shape[0])
    assert np.array_equal(mask_by_position(seg, source.grid), labels)


def six_slices(order: Sequence[int]) -> list[Dataset]:
    made = slices((8, 8, 6), spacing_mm=(1, 1, 2))
    for dataset, number in zip(made, random.Random(7).sample(range(100), 6), strict=True):
        dataset.InstanceNumber = number
    return [made[k] for k in order]


@pytest.mark.parametrize(
    "order", [(3, 0, 5, 1, 4, 2), (0, 1, 2, 3, 4, 5), (5, 4, 3, 2, 1, 0)], ids=str
)
def test_frame_names_the_image_it_lies_on_for_any_arrival_order(order: Sequence[int]) -> None:
    datasets = six_slices(order)
    source = source_of_datasets(datasets)
    labels = np.zeros(source.grid.shape, np.uint8)
    labels[2:4, 3:5, 1] = 1
    seg = composed(source, labels).seg
    assert seg is not None
    (frame,) = reread(seg).PerFrameFunctionalGroupsSequence
    reference = frame.DerivationImageSequence[0].SourceImageSequence[0]
    assert frame.PlanePositionSequence[0].ImagePositionPatient == [0, 0, 2]
    assert reference.ReferencedSOPInstanceUID == datasets[order.index(1)].SOPInstanceUID


def test_jittered_positions_are_written_as_the_source_has_them() -> None:
    places = [0, 6.96, 14.0, 21.07, 28.0, 35.1]
    made = slices((8, 8, 6), spacing_mm=(1, 1, 7))
    for dataset, place in zip(made, places, strict=True):
        dataset.ImagePositionPatient = [0, 0, place]
    source = source_of_datasets(made)
    labels = np.ones(source.grid.shape, np.uint8)
    seg = composed(source, labels).seg
    assert seg is not None
    frames = reread(seg).PerFrameFunctionalGroupsSequence
    written = sorted(float(f.PlanePositionSequence[0].ImagePositionPatient[2]) for f in frames)
    assert written == places


def test_plane_that_is_not_on_the_grid_is_a_bug_and_not_a_result() -> None:
    source = source_of_datasets(six_slices(range(6)))
    torn = type(source)(source.grid, (*source.planes[:5], source.planes[0]), source.example)
    with pytest.raises(Broken, match="planes"):
        composed(torn, np.ones(source.grid.shape, np.uint8))
