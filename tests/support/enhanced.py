"""An enhanced multi-frame object made of classic slices."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedMRImageStorage


def item(**attributes: Any) -> list[Dataset]:
    """Return a sequence of one item."""
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return [made]


def enhanced_mr(
    slices: Sequence[Dataset],
    *,
    shared: Mapping[str, list[Dataset]] | None = None,
    frame: Callable[[int], Mapping[str, list[Dataset]]] = lambda _: {},
    spacing_in_frames: bool = False,
) -> Dataset:
    """Return one Enhanced MR object; `shared` and `frame` add functional groups by keyword."""
    made = deepcopy(slices[0])
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    made.NumberOfFrames = len(slices)
    made.PixelData = np.concatenate([one.pixel_array for one in slices]).tobytes()
    plane = item(ImageOrientationPatient=slices[0].ImageOrientationPatient)
    measures = item(PixelSpacing=slices[0].PixelSpacing, SliceThickness=99, SpacingBetweenSlices=-7)
    common = {"PlaneOrientationSequence": plane}
    if not spacing_in_frames:
        common["PixelMeasuresSequence"] = measures
    made.SharedFunctionalGroupsSequence = item(**common, **(shared or {}))
    made.PerFrameFunctionalGroupsSequence = []
    for index, one in enumerate(slices):
        groups = {"PlanePositionSequence": item(ImagePositionPatient=one.ImagePositionPatient)}
        if spacing_in_frames:
            groups["PixelMeasuresSequence"] = measures
        made.PerFrameFunctionalGroupsSequence.extend(item(**groups, **frame(index)))
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        del made[keyword]
    return made
