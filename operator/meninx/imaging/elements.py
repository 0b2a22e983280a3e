"""Reading single elements of foreign headers: odd values become None, never an exception."""

import math
import struct
from functools import cache
from typing import Any

from pydicom import config
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as DicomSequence
from pydicom.tag import BaseTag, Tag

_ODD = (ValueError, TypeError, AttributeError, LookupError, OverflowError, NotImplementedError)
ODD_VALUE = (*_ODD, EOFError, OSError, struct.error, BytesLengthException)
"""What pydicom raises for broken bytes, beside its own errors."""
MAX_TEXT = 256

# pydicom's complaints, as warnings and in its log, quote the value: it may be a patient's name.
config.settings.reading_validation_mode = config.IGNORE
config.logger.setLevel("CRITICAL")


@cache
def _tag(keyword: str) -> BaseTag:
    return Tag(keyword)


def value(dataset: Dataset, keyword: str) -> Any:
    """Return an element's value, None where it is absent, empty or can't be read."""
    try:
        element = dataset.get(_tag(keyword))
    except ODD_VALUE:
        return None
    found = None if element is None else element.value
    return None if found is None or found == "" else found


def text(dataset: Dataset, keyword: str) -> str | None:
    """Return an element as text, its values joined by a backslash; None for sequences."""
    found = value(dataset, keyword)
    if found is None or isinstance(found, DicomSequence | bytes):
        return None
    parts = found if isinstance(found, MultiValue | list | tuple) else [found]
    joined = "\\".join(str(part).strip() for part in parts)[:MAX_TEXT]
    return joined if joined.strip("\\") else None


def numbers(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """Return exactly `count` finite numbers of an element, or None."""
    found = value(dataset, keyword)
    try:
        parts = list(found) if isinstance(found, MultiValue | list | tuple) else [found]
        result = tuple(float(part) for part in parts)
    except _ODD:
        return None
    if len(result) != count or not all(map(math.isfinite, result)):
        return None
    return result


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return the single finite number of an element, or None."""
    found = numbers(dataset, keyword, 1)
    return None if found is None else found[0]


def integer(dataset: Dataset, keyword: str) -> int | None:
    """Return the whole number of an element, or None."""
    found = number(dataset, keyword)
    return None if found is None else int(found)


def first_item(dataset: Dataset | None, keyword: str) -> Dataset | None:
    """Return the first item of a sequence, None where there is none."""
    items = items_of(dataset, keyword)
    return items[0] if items else None


def items_of(dataset: Dataset | None, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; empty where it is absent or no sequence."""
    found = None if dataset is None else value(dataset, keyword)
    return list(found) if isinstance(found, DicomSequence) else []
