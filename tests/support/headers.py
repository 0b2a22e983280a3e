"""Builders of image headers and of series made from them, without pixels or files."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.support.make import SERIES, SERIES_UID, STUDY_UID

from meninx.imaging.header import ImageHeader
from meninx.imaging.study import Series, series_of

MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
ATTRIBUTES = {
    "Modality": "MR",
    "SeriesDescription": "t1 mprage gd",
    "ContrastBolusAgent": "GADO",
    "MRAcquisitionType": "3D",
    "ImageType": "ORIGINAL\\PRIMARY\\M\\ND",
}


def header(**overrides: Any) -> ImageHeader:
    """Return one axial MR slice at the origin; keywords replace fields."""
    fields: dict[str, Any] = {
        "sop_instance_uid": "2.25.1",
        "sop_class_uid": MR_IMAGE,
        "series_instance_uid": SERIES_UID,
        "study_instance_uid": STUDY_UID,
        "frame": None,
        "rows": 8,
        "columns": 8,
        "position_lps": (0.0, 0.0, 0.0),
        "row_cosines": (1.0, 0.0, 0.0),
        "column_cosines": (0.0, 1.0, 0.0),
        "pixel_spacing_mm": (1.0, 1.0),
        "instance_number": 1,
        "has_pixels": True,
        "is_mosaic": False,
        "attributes": ATTRIBUTES,
    }
    return ImageHeader(**(fields | overrides))


def axial(count: int = 20, *, spacing_mm: float = 1.0, **overrides: Any) -> list[ImageHeader]:
    """Return an even axial stack, slice k at z = k * spacing; keywords go to every slice."""
    series = overrides.get("series_instance_uid", SERIES_UID)
    return [
        header(
            **{
                "sop_instance_uid": f"{series}.{k + 1}",
                "position_lps": (0.0, 0.0, k * spacing_mm),
                "instance_number": k + 1,
            }
            | overrides
        )
        for k in range(count)
    ]


def series(
    name: str = SERIES,
    *,
    slices: int = 20,
    without: int | None = None,
    spacing_mm: float = 1.0,
    revision: int = 1,
    change: Callable[[ImageHeader], ImageHeader] | None = None,
    **attributes: str | None,
) -> Series:
    """Return an axial MR series; `without` drops one slice, keywords are DICOM attributes.

    An attribute given as None is left out.
    """
    known = {k: v for k, v in (ATTRIBUTES | attributes).items() if v is not None}
    made = axial(
        slices,
        spacing_mm=spacing_mm,
        attributes=known,
        series_instance_uid=f"2.25.{sum(name.encode())}",
    )
    if without is not None:
        del made[without]
    if change is not None:
        made = [change(one) for one in made]
    return series_of(name, made, revision=revision)


def turned(one: ImageHeader, plane: int) -> ImageHeader:
    """Return a header turned to the axial (0), sagittal (1) or coronal (2) plane."""
    cosines: Mapping[int, Any] = {
        0: ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
        1: ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),
        2: ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
    }
    row, column = cosines[plane]
    return replace(one, row_cosines=row, column_cosines=column)
