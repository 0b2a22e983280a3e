"""O-18: a label map on any grid comes back on the source's, with its own labels and no others."""

import numpy as np
import pytest
from scipy import ndimage
from tests.support.results import ball

from meninx.imaging.geometry import Grid
from meninx.imaging.resample import resample_labels


def _grid(shape: tuple[int, int, int], mm: tuple[float, float, float], degrees: float = 0) -> Grid:
    turn = np.eye(4)
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn[:2, :2] = [[c, -s], [s, c]]
    affine = turn @ np.diag([*mm, 1.0])
    affine[:3, 3] = -(affine[:3, :3] @ (np.asarray(shape) - 1)) / 2
    return Grid(shape, affine)


def _isotropic(grid: Grid) -> Grid:
    extent = np.asarray(grid.shape) * grid.spacing_mm
    x, y, z = np.ceil(extent).astype(int) + 8
    return _grid((int(x), int(y), int(z)), (1.0, 1.0, 1.0))


def _dice(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * np.sum((one > 0) & (other > 0)) / (np.sum(one > 0) + np.sum(other > 0)))


SOURCES = {
    "odd sizes": _grid((97, 101, 37), (0.9375, 0.9375, 3.3)),
    "seven slices": _grid((90, 100, 7), (1.0, 1.0, 4.0)),
    "smaller than a window": _grid((40, 40, 12), (1.5, 1.5, 2.5)),
    "turned": _grid((97, 101, 37), (0.9375, 0.9375, 3.3), degrees=17),
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_ball_comes_back_at_its_place(source: Grid) -> None:
    centre = (4.0, -3.0, 1.0)
    model_grid = _isotropic(source)
    back = resample_labels(ball(model_grid, centre, 10.0), model_grid, source)
    truth = ball(source, centre, 10.0)
    assert back.shape == source.shape
    assert _dice(back, truth) >= 0.95
    off = np.subtract(ndimage.center_of_mass(back), ndimage.center_of_mass(truth))
    assert np.abs(off).max() < 0.5


def test_same_grid_is_identical_voxel_for_voxel() -> None:
    grid = _grid((31, 33, 35), (1.0, 1.0, 1.0), degrees=11)
    labels = np.random.default_rng(3).integers(0, 4, grid.shape).astype(np.uint8)
    again = Grid(grid.shape, grid.affine_lps + 1e-7)
    assert np.array_equal(resample_labels(labels, grid, again), labels)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_flipped_grid_is_identical_voxel_for_voxel(axis: int) -> None:
    grid = _grid((12, 13, 14), (0.7, 0.9, 1.3), degrees=30)
    flip = np.eye(4)
    flip[axis, axis], flip[axis, 3] = -1, grid.shape[axis] - 1
    labels = np.random.default_rng(4).integers(0, 9, grid.shape).astype(np.uint8)
    back = resample_labels(np.flip(labels, axis), Grid(grid.shape, grid.affine_lps @ flip), grid)
    assert np.array_equal(back, labels)


def test_no_label_appears_that_was_not_there() -> None:
    source, model_grid = SOURCES["turned"], _isotropic(SOURCES["turned"])
    labels = np.where(np.random.default_rng(5).random(model_grid.shape) < 0.5, 2, 7)
    back = resample_labels(labels, model_grid, source)
    assert set(np.unique(back)) <= {0, 2, 7}


def test_outside_of_the_models_grid_is_background() -> None:
    small, large = _grid((10, 10, 10), (1.0, 1.0, 1.0)), _grid((30, 30, 30), (1.0, 1.0, 1.0))
    back = resample_labels(np.ones(small.shape), small, large)
    assert back.dtype == np.uint8
    assert back.sum() == 1000
