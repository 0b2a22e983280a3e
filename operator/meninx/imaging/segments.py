"""The segments of a foreign segmentation as masks in space."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from highdicom.seg import Segmentation
from pydicom import Dataset

from meninx.base.errors import Rejected
from meninx.imaging import elements
from meninx.imaging.evidence import without_quoting
from meninx.imaging.geometry import Grid
from meninx.imaging.measure import LabelMap
from meninx.resources.reasons import Reason

_HALF = 0.5


@dataclass(frozen=True, eq=False)
class SegmentMask:
    """One segment: 1 where it is, on the segmentation's own grid."""

    number: int
    name: str
    mask: LabelMap
    grid: Grid


def segment_masks(
    dataset: Dataset, *, only: Collection[int] | None = None
) -> Iterator[SegmentMask]:
    """Yield each segment (or those of these numbers), those without a voxel included.

    A fractional one counts from one half. Raises Rejected (BadResult) where it can't be read.
    """
    try:
        with without_quoting():
            seg = Segmentation.from_dataset(dataset)
            for number in seg.segment_numbers:
                if only is not None and int(number) not in only:
                    continue
                description = seg.get_segment_description(int(number))
                yield _mask(seg, int(number), str(description.segment_label))
    except (*elements.ODD_VALUE, RuntimeError) as error:
        raise Rejected(
            Reason.BAD_RESULT, f"the package's segmentation can't be read ({type(error).__name__})"
        ) from error


def _mask(seg: Segmentation, number: int, name: str) -> SegmentMask:
    volume = seg.get_volume(segment_numbers=[number], combine_segments=False)
    array = np.asarray(volume.array)[..., 0]  # (slice, row, column)
    affine = np.asarray(volume.affine, dtype=np.float64)
    grid = Grid((array.shape[2], array.shape[1], array.shape[0]), affine[:, [2, 1, 0, 3]])
    mask = (array >= _HALF).transpose(2, 1, 0).astype(np.uint8)
    return SegmentMask(number, name, mask, grid)
