"""Overlap and surface distance of two masks on one grid."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Distances:
    """Distances in mm between the surfaces of two masks."""

    average_hausdorff_mm: float
    """Mean over both directions of the mean distance from one surface to the other."""
    hd95_mm: float
    """95th percentile of the distances of both directions together."""


def dice(found: Mask, truth: Mask) -> float:
    """Return 2 |A and B| / (|A| + |B|); 1 when both are empty."""
    total = int(found.sum()) + int(truth.sum())
    return 2 * float((found & truth).sum()) / total if total else 1.0


def sensitivity(found: Mask, truth: Mask) -> float | None:
    """Return the share of lesion voxels that were found; None when there is no lesion."""
    lesion = int(truth.sum())
    return float((found & truth).sum()) / lesion if lesion else None


def specificity(found: Mask, truth: Mask) -> float | None:
    """Return the share of other voxels in which nothing was found; None when all is lesion."""
    rest = truth.size - int(truth.sum())
    return float((~found & ~truth).sum()) / rest if rest else None


def surface(mask: Mask) -> Mask:
    """Return the voxels of a mask that touch its outside by a face."""
    shell: Mask = mask & ~ndimage.binary_erosion(mask, border_value=0)
    return shell


def distances(found: Mask, truth: Mask, spacing_mm: tuple[float, ...]) -> Distances | None:
    """Return the surface distances; None when a mask is empty, for there is none."""
    if not found.any() or not truth.any():
        return None
    box = _around(found | truth)
    here, there = surface(_padded(found[box])), surface(_padded(truth[box]))
    to_there = ndimage.distance_transform_edt(~there, sampling=spacing_mm)[here]
    to_here = ndimage.distance_transform_edt(~here, sampling=spacing_mm)[there]
    both = np.concatenate([to_there, to_here])
    average = (float(to_there.mean()) + float(to_here.mean())) / 2
    return Distances(average, float(np.percentile(both, 95)))


def _padded(mask: Mask) -> Mask:
    return np.pad(mask, 1)


def _around(mask: Mask) -> tuple[slice, ...]:
    return tuple(ndimage.find_objects(mask.astype(np.uint8))[0])
