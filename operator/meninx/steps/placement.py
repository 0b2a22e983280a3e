"""Where a label map lies of its source images: on them, or it is no result at all (pure)."""

import numpy as np
import numpy.typing as npt

from meninx.base.errors import Rejected
from meninx.imaging.geometry import Grid
from meninx.imaging.measure import LabelMap
from meninx.imaging.resample import resample_labels
from meninx.resources.reasons import Reason

_WRONG = "is its affine that of its input?"
Indices = npt.NDArray[np.float64]


def place(labels: LabelMap, grid: Grid, source: Grid) -> LabelMap:
    """Return a label map on its source's grid, with no label lost on the way.

    Raises Rejected (BadResult) where it lies elsewhere: a wrong affine must not look healthy.
    """
    if grid.same_as(source):
        return labels
    if not _inside(_convert(_lattice(source), source, grid), grid).any():
        raise Rejected(Reason.BAD_RESULT, f"the segmentation does not overlap the images: {_WRONG}")
    marked = np.argwhere(labels)
    there = _convert(marked.astype(np.float64), grid, source)
    inside = _inside(there, source)
    if marked.size and inside.mean() < 0.5:
        raise Rejected(
            Reason.BAD_RESULT, f"most of the segmentation lies outside of the images: {_WRONG}"
        )
    placed = resample_labels(labels, grid, source)
    return _with_small_parts(placed, labels[tuple(marked[inside].T)], there[inside])


def _with_small_parts(placed: LabelMap, values: LabelMap, places: Indices) -> LabelMap:
    """Mark the nearest voxels of a label that is so small that no sample met it."""
    kept = placed.copy()
    for value in np.setdiff1d(values, placed):
        column, row, slice_ = np.rint(places[values == value]).astype(int).T
        kept[column, row, slice_] = value
    return kept


def _lattice(grid: Grid) -> Indices:
    """Return indices all over a grid, some eight along each axis."""
    axes = [np.linspace(0, size - 1, min(size, 8)) for size in grid.shape]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def _convert(index: Indices, from_grid: Grid, to_grid: Grid) -> Indices:
    matrix = np.linalg.inv(to_grid.affine_lps) @ from_grid.affine_lps
    return index @ matrix[:3, :3].T + matrix[:3, 3]


def _inside(index: Indices, grid: Grid) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = np.all(
        (index > -0.5) & (index < np.asarray(grid.shape) - 0.5), axis=1
    )
    return inside
