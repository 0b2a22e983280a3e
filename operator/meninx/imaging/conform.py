"""What makes a written data set conform: numbers of legal length, decoded text, stable UIDs."""

import datetime as dt
import math
from collections.abc import Callable, Mapping
from typing import Any

from pydicom import DataElement, Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import PersonName, format_number_as_ds

DS_LENGTH = 16


def ds_text(value: object) -> str:
    """Return a decimal string of at most 16 characters (PS3.5 6.2), rounded, never cut.

    A text that is legal as it stands is kept. Raises ValueError for what is not a finite number.
    """
    number = float(str(value))
    if not math.isfinite(number):
        raise ValueError("a decimal string must be a finite number")
    text = str(value)
    return text if len(text) <= DS_LENGTH else format_number_as_ds(number)


def plain_text(element: DataElement) -> DataElement:
    """Free an element's text, its items included, from the character set it was read with."""
    if element.VR == "SQ":
        for item in element.value:
            item.pop("SpecificCharacterSet", None)
            for inner in item:
                plain_text(inner)
    elif element.VR == "PN":
        element.value = _each(element.value, lambda name: PersonName(str(name)))
    elif element.VR == "DS":
        _shorten(element)
    return element


def shorten_numbers(dataset: Dataset) -> None:
    """Bring every decimal string of a data set, nested ones included, to a legal length."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                shorten_numbers(item)
        elif element.VR == "DS":
            _shorten(element)


def _shorten(element: DataElement) -> None:
    if not element.is_empty:
        element.value = _each(element.value, ds_text)


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, (MultiValue, list, tuple)):
        return [change(item) for item in value]
    return change(value)


def replace_uids(dataset: Dataset, replacements: Mapping[str, str]) -> None:
    """Replace UID values everywhere in a data set."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                replace_uids(item, replacements)
        elif element.VR == "UI" and isinstance(element.value, str):
            element.value = replacements.get(element.value, element.value)


def set_created(dataset: Dataset, created: dt.datetime) -> None:
    """Date every part of a result by one moment, so that the same work gives the same bytes."""
    date, time = created.strftime("%Y%m%d"), created.strftime("%H%M%S")
    for stem in ("InstanceCreation", "Content", "Series"):
        setattr(dataset, f"{stem}Date", date)
        setattr(dataset, f"{stem}Time", time)
    for item in dataset.get("ContributingEquipmentSequence", []):
        if "ContributionDateTime" in item:
            item.ContributionDateTime = date + time
