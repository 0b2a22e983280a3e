"""The voxels of a segmentation as a label map on the grid of the images it refers to (pure)."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from meninx.base.errors import Rejected
from meninx.imaging.annotation import Annotation, Unfit, value_of
from meninx.imaging.geometry import Grid
from meninx.imaging.measure import LabelMap
from meninx.imaging.resample import resample_labels
from meninx.imaging.segments import SegmentMask, segment_masks
from meninx.imaging.stack import Stack
from meninx.resources.trainingdata import StoreData

ON_VOXEL = 0.05
"""How far, in voxels, a centre may lie from one of the image's to be taken as the same place."""
HALF = 0.5 + ON_VOXEL

Indices = npt.NDArray[np.float64]


def label_map(dataset: Dataset, said: Annotation, stack: Stack, want: StoreData) -> LabelMap:
    """Return the label map of the segments that count; 0 everywhere else, empty planes included.

    A fractional segment counts from one half. Raises Rejected with a word of `Unfit` where the
    segmentation is not of these images.
    """
    _check_reference(said, stack)
    values = {
        segment.number: value
        for segment in said.segments
        if (value := value_of(segment, want.segments)) is not None
    }
    order = [wanted.value for wanted in want.segments] or [1]
    label: LabelMap = np.zeros(stack.grid.shape, dtype=np.uint8)
    for mask in _by_value(_masks(dataset, values), values, order):
        on_image = _on_image(mask, stack.grid)
        label[(label == 0) & (on_image > 0)] = values[mask.number]
    return label


def _by_value(
    masks: Iterable[SegmentMask], values: dict[int, int], order: list[int]
) -> list[SegmentMask]:
    """Return the segments, those of the entry that is listed first before the others."""
    return sorted(masks, key=lambda mask: (order.index(values[mask.number]), mask.number))


def _masks(dataset: Dataset, values: dict[int, int]) -> list[SegmentMask]:
    try:
        return list(segment_masks(dataset, only=values.keys()))
    except Rejected as error:
        raise Rejected(Unfit.UNREADABLE, "the segmentation's voxels can't be read") from error


def _check_reference(said: Annotation, stack: Stack) -> None:
    frames = {header.frame_of_reference_uid for header in stack.headers} - {""}
    if said.frame_of_reference_uid and frames and said.frame_of_reference_uid not in frames:
        message = "segmentation and images name different frames of reference"
        raise Rejected(Unfit.OTHER_FRAME, message)
    known = {header.sop_instance_uid for header in stack.headers} | set(stack.left_out)
    missing = len(said.images - known)
    if missing:
        message = f"{missing} of {len(said.images)} images that are segmented are not there"
        raise Rejected(Unfit.IMAGE_MISSING, message)


def _on_image(mask: SegmentMask, grid: Grid) -> LabelMap:
    """Return a segment on the image's grid; Rejected where a part of it lies outside.

    Drawn on the images' own pixels it is moved plane by plane, so that planes left out between
    others stay empty; on another grid it is resampled.
    """
    inside = np.argwhere(mask.mask > 0)
    if not len(inside):
        return np.zeros(grid.shape, dtype=np.uint8)
    to_image = np.linalg.inv(grid.affine_lps) @ mask.grid.affine_lps
    places: Indices = inside @ to_image[:3, :3].T + to_image[:3, 3]
    if (places < -HALF).any() or (places > np.array(grid.shape) - 1 + HALF).any():
        message = "a part of a segment lies outside of the images that are segmented"
        raise Rejected(Unfit.OUTSIDE, message)
    if _same_pixels(to_image, places):
        return _moved(places, grid)
    found = resample_labels(mask.mask, mask.grid, grid)
    if not found.any():
        raise Rejected(Unfit.OUTSIDE, "a segment lies between the voxels of the images")
    return found


def _same_pixels(to_image: npt.NDArray[np.float64], places: Indices) -> bool:
    """Tell whether the segment's pixels are the image's, each plane being one of its planes."""
    if np.abs(places - np.rint(places)).max() > ON_VOXEL:
        return False
    steps = np.abs(to_image[:3, :2])
    return bool(np.allclose(np.sort(steps, axis=0), [[0, 0], [0, 0], [1, 1]], atol=1e-3))


def _moved(places: Indices, grid: Grid) -> LabelMap:
    found: LabelMap = np.zeros(grid.shape, dtype=np.uint8)
    index = np.clip(np.rint(places).astype(np.int64), 0, np.array(grid.shape) - 1)
    found[tuple(index.T)] = 1
    return found
