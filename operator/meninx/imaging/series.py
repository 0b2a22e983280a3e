"""Reading headers, classic and multi-frame, into slices and the facts of a series."""

import re
import statistics
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.errors import InvalidDicomError
from pydicom.tag import Tag

from meninx.imaging import elements, multiframe
from meninx.imaging.header import KEYWORDS, ImageHeader
from meninx.imaging.planes import largest_orientation, normal_of, plane_of, slice_steps

__all__ = ["HEADER_TAGS", "KEYWORDS", "ImageHeader", "open_header", "read_headers", "series_facts"]

_GEOMETRY = (
    "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID",
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "InstanceNumber",
    "NumberOfFrames", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
    "ContrastBolusAgentSequence",
)  # fmt: skip
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_MOSAIC_CREATOR = 0x00190010
_MOSAIC_COUNT = 0x0019100A  # Siemens: NumberOfImagesInMosaic
_DEFERRED_BYTES = 65536
_NO_AGENT = frozenset({"NONE", "NO", "N", "NO CONTRAST", "WITHOUT", "0"})
_DOSES = ("ContrastBolusVolume", "ContrastBolusTotalDose")
_CONTRAST_WORD = re.compile(
    r"(?<![a-z])(gad[a-z]*|gd|post[ _-]?con[a-z]*|contrast|km|ce|t1ce|t1c)(?![a-z])"
    r"|\+ ?(c|gd|km)(?![a-z])",
    re.IGNORECASE,
)
_NO_CONTRAST_WORD = re.compile(
    r"(?<![a-z])(pre|no|non|without|w/o|wo|ohne|sans|nativ[a-z]*|plain)(?![a-z])|(?<![a-z])(-|/) ?c(?![a-z])",
    re.IGNORECASE,
)

_NAMES = {Tag(keyword): keyword for keyword in KEYWORDS}

HEADER_TAGS: list[int] = sorted(
    [*_NAMES, *(Tag(tag) for tag in (*_GEOMETRY, *_PIXELS, _MOSAIC_CREATOR, _MOSAIC_COUNT))]
)
"""For `dcmread(specific_tags=...)`. Pixel data is among them: its presence is a fact (see open_header)."""


def open_header(path: Path, *, also: Sequence[int] = (), force: bool = False) -> FileDataset:
    """Read what headers need of a file, and `also` these tags; large pixel data is not loaded.

    `force` reads a bare data set too, without preamble. Raises pydicom's InvalidDicomError where the file is no DICOM, or broken.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tags = [*HEADER_TAGS, *also]
            return dcmread(path, specific_tags=tags, defer_size=_DEFERRED_BYTES, force=force)
        except elements.ODD_VALUE as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise InvalidDicomError(f"broken file ({type(error).__name__})") from error


def read_headers(dataset: Dataset) -> list[ImageHeader]:
    """Return one header per image or frame; odd or missing elements become None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = _whole(dataset)
        if multiframe.has_groups(dataset):
            return list(multiframe.expand(dataset, whole)) or [whole]
    frames = elements.integer(dataset, "NumberOfFrames") or 1
    return [whole] if frames <= 1 else [_without_place(whole)]


def _whole(dataset: Dataset) -> ImageHeader:
    row, column = multiframe.cosines(dataset)
    image_type = elements.text(dataset, "ImageType")
    return ImageHeader(
        sop_instance_uid=_uid(dataset, "SOPInstanceUID"),
        sop_class_uid=_uid(dataset, "SOPClassUID"),
        series_instance_uid=elements.text(dataset, "SeriesInstanceUID") or "",
        study_instance_uid=elements.text(dataset, "StudyInstanceUID") or "",
        frame=None,
        rows=elements.integer(dataset, "Rows") or 0,
        columns=elements.integer(dataset, "Columns") or 0,
        position_lps=multiframe.vector(dataset, "ImagePositionPatient"),
        row_cosines=row,
        column_cosines=column,
        pixel_spacing_mm=multiframe.spacing(dataset),
        instance_number=elements.integer(dataset, "InstanceNumber"),
        has_pixels=any(_present(dataset, keyword) for keyword in _PIXELS),
        is_mosaic=_is_mosaic(dataset, image_type or ""),
        echo_time_ms=elements.number(dataset, "EchoTime"),
        temporal_position=elements.integer(dataset, "TemporalPositionIdentifier"),
        acquisition_number=elements.integer(dataset, "AcquisitionNumber"),
        trigger_time_ms=elements.number(dataset, "TriggerTime"),
        image_type=tuple(image_type.split("\\")) if image_type else (),
        images_in_acquisition=elements.integer(dataset, "ImagesInAcquisition"),
        attributes=_attributes(dataset),
        frame_of_reference_uid=elements.text(dataset, "FrameOfReferenceUID") or "",
    )


def _uid(dataset: Dataset, keyword: str) -> str:
    """Anonymisers blank UIDs of the data set and leave those of the file's meta information."""
    meta = getattr(dataset, "file_meta", None) or Dataset()
    return elements.text(dataset, keyword) or elements.text(meta, f"MediaStorage{keyword}") or ""


def _without_place(whole: ImageHeader) -> ImageHeader:
    """Several frames without functional groups have no place of their own (a cine)."""
    return replace(whole, position_lps=None, row_cosines=None, column_cosines=None)


def _present(dataset: Dataset, keyword: str) -> bool:
    if keyword not in dataset:
        return False
    raw = dataset.get_item(keyword, keep_deferred=True)
    length = getattr(raw, "length", None)
    return length != 0 if length is not None else bool(getattr(raw, "value", None))


def _is_mosaic(dataset: Dataset, image_type: str) -> bool:
    if "MOSAIC" in image_type.upper():
        return True
    return "SIEMENS" in str(dataset.get(_MOSAIC_CREATOR, "")).upper() and _MOSAIC_COUNT in dataset


def _attributes(dataset: Dataset) -> dict[str, str]:
    tags = list(dataset.keys())
    named = (_NAMES[tag] for tag in tags if tag in _NAMES)
    found = {name: text for name in named if (text := elements.text(dataset, name)) is not None}
    agent = elements.first_item(dataset, "ContrastBolusAgentSequence")
    if agent is not None and "ContrastBolusAgent" not in found:
        found["ContrastBolusAgent"] = elements.text(agent, "CodeMeaning") or "unnamed"
    return found


def series_facts(headers: Sequence[ImageHeader]) -> dict[str, str]:
    """Return what conditions may test of a series: DICOM keywords and the derived `Series.*`.

    A keyword's value is that of the first image that has it; what can't be told is absent.
    """
    facts: dict[str, str] = {}
    for header in headers:
        for keyword, text in header.attributes.items():
            facts.setdefault(keyword, text)
    return facts | _acquisition(facts) | _extent(headers)


def _acquisition(facts: Mapping[str, str]) -> dict[str, str]:
    found = {"Series.Contrast": "true" if told_contrast(facts) else "false"}
    kind = facts.get("MRAcquisitionType", "").upper()
    if kind in {"1D", "2D", "3D"}:
        found["Series.ThreeD"] = "true" if kind == "3D" else "false"
    return found


def told_contrast(facts: Mapping[str, str]) -> bool:
    """Tell whether a contrast agent is named, dosed, or told by description or protocol."""
    agent = facts.get("ContrastBolusAgent", "").strip().upper()
    if agent:
        return agent not in _NO_AGENT
    if any(_positive(facts.get(keyword)) for keyword in _DOSES):
        return True
    words = " ".join(facts.get(keyword, "") for keyword in ("SeriesDescription", "ProtocolName"))
    return bool(_CONTRAST_WORD.search(words)) and not _NO_CONTRAST_WORD.search(words)


def _positive(text: str | None) -> bool:
    try:
        return text is not None and float(text) > 0
    except ValueError:
        return False


def _extent(headers: Sequence[ImageHeader]) -> dict[str, str]:
    group = largest_orientation(headers)
    if not group:
        return {"Series.Slices": "0"}
    normal = normal_of(group[0])
    steps = slice_steps(group)
    facts = {"Series.Slices": str(len(steps) + 1), "Series.Plane": plane_of(normal)}
    in_plane = group[0].pixel_spacing_mm or (0.0, 0.0)
    if steps:
        between = statistics.median_low(steps)
        facts["Series.SpacingMm"] = f"{between:.4g}"
        facts["Series.VoxelMm"] = f"{max(between, *in_plane):.4g}"
    return facts
