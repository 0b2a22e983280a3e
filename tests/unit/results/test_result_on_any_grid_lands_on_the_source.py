"""O-18: a model may answer on any grid with a right affine; the result lies on the source's."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from pydicom import Dataset
from tests.support.results import (
    NOW,
    ball,
    mask_by_position,
    points_lps,
    slices,
    source_of_datasets,
    task,
)
from tests.support.series import SAGITTAL, write_series

from meninx.base.errors import Rejected
from meninx.imaging.geometry import Grid
from meninx.imaging.measure import LabelMap
from meninx.imaging.nifti import write_nifti
from meninx.resources.reasons import Reason
from meninx.steps.result import ModelResult, compose_result
from meninx.steps.workspace import Workspace

CENTRE, RADIUS_MM = (3.0, -5.0, 8.0), 10.0
Shape = tuple[int, int, int]

SOURCES = {
    "odd sizes, thick slices": ((97, 101, 37), (0.9375, 0.9375, 3.3), (-45, -47, -60)),
    "seven slices": ((90, 100, 7), (1.0, 1.0, 4.0), (-45, -50, -4)),
    "smaller than any window": ((40, 40, 12), (1.0, 1.0, 2.0), (-17, -25, -3)),
}


def answered(
    tmp_path: Path, datasets: Sequence[Dataset], labels: LabelMap, grid: Grid
) -> ModelResult:
    workspace = Workspace.under(tmp_path / "work")
    write_series(datasets, workspace.source / "t1c")
    write_nifti(workspace.output / "segmentation.nii.gz", labels, grid)
    return compose_result(task(), workspace, now=NOW)


def one_millimetre(directions: npt.NDArray[np.float64]) -> Grid:
    """Return a grid of 1 mm around the ball; `directions` are its axes in LPS."""
    affine = np.eye(4)
    affine[:3, :3] = directions
    affine[:3, 3] = np.asarray(CENTRE) - directions @ np.full(3, 20.0)
    return Grid((41, 41, 41), affine)


GRIDS = {
    "as DICOM": np.eye(3),
    "as NIfTI": np.diag([-1.0, -1.0, 1.0]),
    "axes permuted": np.eye(3)[[2, 0, 1]],
    "mirrored": np.diag([1.0, 1.0, -1.0]),
}


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize(("shape", "spacing_mm", "origin"), SOURCES.values(), ids=SOURCES)
def test_ball_on_a_millimetre_grid_is_the_ball_on_the_source(
    tmp_path: Path, shape: Shape, spacing_mm: Shape, origin: Shape, grid: npt.NDArray[np.float64]
) -> None:
    datasets = slices(shape, spacing_mm=spacing_mm, origin_lps=origin)
    source = source_of_datasets(datasets)
    truth = ball(source.grid, CENTRE, RADIUS_MM)
    model = one_millimetre(grid)
    seg = answered(tmp_path, datasets, ball(model, CENTRE, RADIUS_MM), model).composed.seg
    assert seg is not None
    found = mask_by_position(seg, source.grid)
    places = points_lps(source.grid)
    away = places[found > 0].mean(axis=0) - places[truth > 0].mean(axis=0)
    assert found.shape == shape
    assert 2 * np.sum(found & truth) / (found.sum() + truth.sum()) >= 0.95
    assert np.all(np.abs(away) < np.asarray(spacing_mm) / 2)


def test_answer_on_the_source_grid_is_kept_voxel_by_voxel(tmp_path: Path) -> None:
    datasets = slices((23, 31, 9), orientation=SAGITTAL, origin_lps=(4, -9, 11))
    source = source_of_datasets(datasets)
    labels = np.random.default_rng(3).integers(0, 2, source.grid.shape).astype(np.uint8)
    result = answered(tmp_path, datasets, labels, source.grid)
    assert result.composed.seg is not None
    assert np.array_equal(result.labels, labels)
    assert np.array_equal(mask_by_position(result.composed.seg, source.grid), labels)


@pytest.mark.parametrize("found", [True, False], ids=["lesion", "healthy"])
def test_answer_elsewhere_than_the_images_is_never_a_healthy_brain(
    tmp_path: Path, found: bool
) -> None:
    datasets = slices((20, 20, 9), origin_lps=(500, 500, 500))
    grid = one_millimetre(np.eye(3))
    labels = ball(grid, CENTRE, RADIUS_MM if found else 0) * np.uint8(found)
    with pytest.raises(Rejected, match="affine") as refusal:
        answered(tmp_path, datasets, labels, grid)
    assert refusal.value.reason == Reason.BAD_RESULT


def test_mirrored_answer_that_leaves_the_images_is_refused(tmp_path: Path) -> None:
    datasets = slices((40, 40, 12), origin_lps=(0, 0, 0), spacing_mm=(1, 1, 2))
    source = source_of_datasets(datasets)
    labels = ball(source.grid, (30, 30, 10), 5)
    forgot_to_flip = Grid(
        source.grid.shape, np.diag([-1.0, -1.0, 1.0, 1.0]) @ source.grid.affine_lps
    )
    with pytest.raises(Rejected, match="affine"):
        answered(tmp_path, datasets, labels, forgot_to_flip)


def test_lesion_smaller_than_the_sources_spacing_is_not_lost(tmp_path: Path) -> None:
    datasets = slices((40, 40, 12), spacing_mm=(1, 1, 5), origin_lps=(-17, -25, -22))
    grid = one_millimetre(np.eye(3))
    labels = np.zeros(grid.shape, np.uint8)
    labels[20, 20, 22] = 1
    result = answered(tmp_path, datasets, labels, grid)
    assert result.composed.results.findings == 1
    assert int(result.labels.sum()) == 1
