"""One decoded slice in the values that its headers mean (PS3.3 C.11.1): rescale, per image or frame."""

import math
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pixel_array

from meninx.base.errors import Rejected
from meninx.imaging import elements, multiframe
from meninx.resources.reasons import Reason

Slice = npt.NDArray[np.float32]

_GREY = frozenset({"", "MONOCHROME1", "MONOCHROME2"})


def rescale_of(dataset: Dataset, frame: int | None) -> tuple[float, float]:
    """Return slope and intercept of an image or frame: RescaleSlope and RescaleIntercept only.

    Absent is 1 and 0. Private scales (Philips) and real world maps are not looked at. Raises
    Rejected where a slope is zero or either is no finite number.
    """
    holder = dataset
    if frame is not None:
        groups = multiframe.groups_of(dataset, frame)
        holder = groups.macro("PixelValueTransformationSequence") or dataset
    return _term(holder, "RescaleSlope", 1.0), _term(holder, "RescaleIntercept", 0.0)


def _term(holder: Dataset, keyword: str, absent: float) -> float:
    if keyword not in holder or holder.get_item(keyword).value in (None, b"", ""):
        return absent
    found = elements.number(holder, keyword)
    if found is None or (keyword == "RescaleSlope" and found == 0):
        raise Rejected(Reason.BAD_RESCALE, f"{keyword} of an image is zero or not a number")
    return found


def read_slice(dataset: Dataset, frame: int | None, shape: tuple[int, int]) -> Slice:
    """Return one image or frame as float32 (row, column), rescaled.

    Raises Rejected where it can't be decoded, is not grey, or has another shape than expected.
    """
    if (elements.text(dataset, "PhotometricInterpretation") or "") not in _GREY:
        raise Rejected(Reason.UNSUPPORTED_OBJECT, "an image is in colour, not grey")
    slope, intercept = rescale_of(dataset, frame)
    stored = _decoded(dataset, frame)
    if stored.shape != shape:
        message = f"pixel data of {stored.shape}, the header says {shape} (rows, columns)"
        raise Rejected(Reason.UNREADABLE_PIXELS, message)
    values: Slice = stored.astype(np.float32)
    if (slope, intercept) != (1.0, 0.0):
        values = (stored.astype(np.float64) * slope + intercept).astype(np.float32)
    if not math.isfinite(float(values.sum(dtype=np.float64))):
        raise Rejected(Reason.NOT_FINITE, "an image holds values that are not numbers")
    return values


def _decoded(dataset: Dataset, frame: int | None) -> npt.NDArray[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return pixel_array(dataset, index=None if frame is None else frame - 1, raw=True)
        except Exception as error:  # decoders of four libraries raise what they like
            cause = type(error).__name__
            message = f"pixel data can't be decoded ({cause}); check transfer syntax and length"
            raise Rejected(Reason.UNREADABLE_PIXELS, message) from error
