"""Volumes in mL and connected parts of a label map."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from meninx.imaging.geometry import Grid

LabelMap = npt.NDArray[np.uint8]
"""Label values on a grid, indexed (column, row, slice); 0 is background."""

_NEIGHBOURS = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True)
class Measure:
    """What was found of one label."""

    value: int
    voxels: int
    volume_ml: float
    components: int
    """Number of parts that touch at a face, an edge or a corner."""
    centre: tuple[float, float, float] | None
    """Index (column, row, slice) of the middle of the largest part; None if nothing was found."""
    largest_ml: float


def measure(labels: LabelMap, grid: Grid, values: Sequence[int]) -> tuple[Measure, ...]:
    """Measure each of the given label values."""
    return tuple(_measure(labels == value, grid, value) for value in values)


def _measure(mask: npt.NDArray[np.bool_], grid: Grid, value: int) -> Measure:
    box = ndimage.find_objects(mask.astype(np.uint8), max_label=1)[0]
    if box is None:
        return Measure(value, 0, 0.0, 0, None, 0.0)
    parts, count = ndimage.label(mask[box], structure=_NEIGHBOURS)
    sizes = np.bincount(parts.ravel())[1:]
    largest = int(np.argmax(sizes)) + 1
    inside = ndimage.center_of_mass(parts == largest)
    voxels = int(sizes.sum())
    x, y, z = (float(part.start + middle) for part, middle in zip(box, inside, strict=True))
    return Measure(
        value=value,
        voxels=voxels,
        volume_ml=voxels * grid.voxel_ml,
        components=int(count),
        centre=(x, y, z),
        largest_ml=int(sizes[largest - 1]) * grid.voxel_ml,
    )
