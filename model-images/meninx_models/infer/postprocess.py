"""From probabilities to findings: what is too small or lies outside the skull is no meningioma."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from meninx_models.preprocess import Volume

Mask = npt.NDArray[np.bool_]

AIR = 0.08
COARSE = 4
LEAST_DEPTH_MM = 6.0
TOUCHING = np.ones((3, 3, 3), dtype=bool)


def keep_plausible(share: Volume, depth_mm: Volume, *, threshold: float, least_ml: float) -> Volume:
    """Return the probabilities with all but the plausible components set to 0.

    `depth_mm` is that of `head_depth_mm`. The answer is shifted so that 0.5 is the boundary.
    Voxels are 1 mm^3; a component reaches its own surroundings by two voxels, so that resampling
    sees its slope. What a component encloses belongs to it: necrosis doesn't enhance.
    """
    pieces, count = ndimage.label(share > threshold, TOUCHING)
    kept = np.zeros(share.shape, dtype=np.float32)
    if count == 0:
        return kept
    for number, box in enumerate(ndimage.find_objects(pieces), start=1):
        piece = pieces[box] == number
        if piece.sum() < least_ml * 1000 or not deep_enough(piece, box, depth_mm):
            continue
        wide = _wider(box, share.shape)
        hollow = ndimage.binary_fill_holes(piece) & ~piece
        kept[box][hollow] = 1
        near = ndimage.binary_dilation(pieces[wide] == number, TOUCHING, iterations=2)
        near &= (pieces[wide] == number) | (pieces[wide] == 0)
        kept[wide] = np.where(near, np.maximum(share[wide], kept[wide]), kept[wide])
    if threshold != 0.5:
        some = kept > 0
        kept[some] = np.interp(kept[some], [0, threshold, 1], [0, 0.5, 1])
    return kept


def _wider(box: tuple[slice, ...], shape: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(
        slice(max(span.start - 3, 0), min(span.stop + 3, size))
        for span, size in zip(box, shape, strict=True)
    )


def head_depth_mm(canvas: Volume) -> Volume:
    """Return the distance to the head's surface on a grid of 4 mm; sinuses and skull are inside."""
    coarse = canvas[::COARSE, ::COARSE, ::COARSE] > AIR
    padded = np.pad(coarse, 4)
    closed = ndimage.binary_closing(padded, TOUCHING, iterations=3)
    filled = ndimage.binary_fill_holes(closed)[4:-4, 4:-4, 4:-4]
    return np.asarray(COARSE * ndimage.distance_transform_edt(filled), dtype=np.float32)


def occupied(depth_mm: Volume, shape: tuple[int, ...]) -> Mask:
    """Return which voxels lie in the head, or so near that none of it is left out."""
    near = ndimage.binary_dilation(depth_mm > 0, TOUCHING)
    fine = near.repeat(COARSE, 0).repeat(COARSE, 1).repeat(COARSE, 2)
    inside: Mask = fine[: shape[0], : shape[1], : shape[2]]
    return inside


def deep_enough(piece: Mask, box: tuple[slice, ...], depth_mm: Volume) -> bool:
    """Tell whether a component's middle lies below scalp and skull."""
    middle = np.argwhere(piece).mean(axis=0) + [span.start for span in box]
    at = np.minimum((middle / COARSE).round().astype(int), np.array(depth_mm.shape) - 1)
    return bool(depth_mm[tuple(at)] >= LEAST_DEPTH_MM)
