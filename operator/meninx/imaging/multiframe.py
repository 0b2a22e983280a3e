"""Frames of an enhanced multi-frame object as headers (PS3.3 C.7.6.16)."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from meninx.imaging import elements
from meninx.imaging.header import KEYWORDS, ImageHeader, Vector

_KEYWORDS = frozenset(KEYWORDS)


@dataclass(frozen=True)
class Groups:
    """The functional groups that hold for one frame: its own before the shared ones."""

    own: Dataset | None
    shared: Dataset | None

    def macro(self, keyword: str) -> Dataset | None:
        """Return the item of one functional group macro, None where the frame has none."""
        mine = elements.first_item(self.own, keyword)
        return mine if mine is not None else elements.first_item(self.shared, keyword)


def groups_of(dataset: Dataset, frame: int) -> Groups:
    """Return the functional groups of a frame (1-based)."""
    own = elements.items_of(dataset, "PerFrameFunctionalGroupsSequence")
    shared = elements.first_item(dataset, "SharedFunctionalGroupsSequence")
    return Groups(own[frame - 1] if frame <= len(own) else None, shared)


def has_groups(dataset: Dataset) -> bool:
    """Tell whether an object describes its frames by functional groups."""
    return "PerFrameFunctionalGroupsSequence" in dataset


def expand(dataset: Dataset, whole: ImageHeader) -> Iterator[ImageHeader]:
    """Yield one header per frame, from the header of the whole object."""
    own = elements.items_of(dataset, "PerFrameFunctionalGroupsSequence")
    shared = elements.first_item(dataset, "SharedFunctionalGroupsSequence")
    announced = elements.integer(dataset, "NumberOfFrames")
    count = min(len(own), announced) if announced else len(own)
    attributes = dict(whole.attributes)
    for groups in (shared, own[0] if own else None):
        attributes.update(_flattened(groups))
    for index in range(count):
        yield _frame(whole, index + 1, Groups(own[index], shared), attributes)


def _flattened(groups: Dataset | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for keyword in [] if groups is None else groups.dir():
        macro = elements.first_item(groups, keyword)
        for inner in [] if macro is None else macro.dir():
            name = _CLASSIC.get(inner, inner)
            text = elements.text(macro, inner) if macro is not None else None
            if name in _KEYWORDS and text is not None:
                found[name] = text
    return found


_CLASSIC = {
    "EffectiveEchoTime": "EchoTime",
    "FrameType": "ImageType",
    "InversionTimes": "InversionTime",
}
"""Names of the enhanced macros for what classic images call otherwise."""


def _frame(
    whole: ImageHeader, frame: int, groups: Groups, attributes: dict[str, str]
) -> ImageHeader:
    empty = Dataset()
    position = groups.macro("PlanePositionSequence") or empty
    plane = groups.macro("PlaneOrientationSequence") or empty
    measures = groups.macro("PixelMeasuresSequence") or empty
    content = groups.macro("FrameContentSequence") or empty
    echo = groups.macro("MREchoSequence") or empty
    kind = groups.macro("MRImageFrameTypeSequence") or groups.macro("CTImageFrameTypeSequence")
    frame_type = elements.text(kind, "FrameType") if kind is not None else None
    rows, columns = cosines(plane)
    return ImageHeader(
        sop_instance_uid=whole.sop_instance_uid,
        sop_class_uid=whole.sop_class_uid,
        series_instance_uid=whole.series_instance_uid,
        study_instance_uid=whole.study_instance_uid,
        frame=frame,
        rows=whole.rows,
        columns=whole.columns,
        position_lps=vector(position, "ImagePositionPatient"),
        row_cosines=rows,
        column_cosines=columns,
        pixel_spacing_mm=spacing(measures),
        instance_number=None,
        has_pixels=whole.has_pixels,
        is_mosaic=whole.is_mosaic,
        echo_time_ms=elements.number(echo, "EffectiveEchoTime"),
        temporal_position=elements.integer(content, "TemporalPositionIndex"),
        acquisition_number=elements.integer(content, "FrameAcquisitionNumber"),
        trigger_time_ms=_trigger(groups),
        image_type=tuple(frame_type.split("\\")) if frame_type else whole.image_type,
        images_in_acquisition=None,
        attributes=_with_diffusion(attributes, groups),
        frame_of_reference_uid=whole.frame_of_reference_uid,
    )


def _with_diffusion(attributes: dict[str, str], groups: Groups) -> dict[str, str]:
    macro = groups.macro("MRDiffusionSequence")
    weight = None if macro is None else elements.text(macro, "DiffusionBValue")
    return attributes if weight is None else attributes | {"DiffusionBValue": weight}


def _trigger(groups: Groups) -> float | None:
    for keyword in ("CardiacSynchronizationSequence", "CardiacTriggerSequence"):
        macro = groups.macro(keyword)
        if macro is not None:
            return elements.number(macro, "NominalCardiacTriggerDelayTime")
    return None


def vector(dataset: Dataset, keyword: str) -> Vector | None:
    """Return three finite numbers of an element, or None."""
    found = elements.numbers(dataset, keyword, 3)
    return None if found is None else (found[0], found[1], found[2])


def spacing(dataset: Dataset) -> tuple[float, float] | None:
    """Return PixelSpacing (between rows, between columns) where both are positive."""
    found = elements.numbers(dataset, "PixelSpacing", 2)
    return (found[0], found[1]) if found is not None and min(found) > 0 else None


def cosines(dataset: Dataset) -> tuple[Vector | None, Vector | None]:
    """Return the two halves of ImageOrientationPatient; None unless both are unit and square."""
    found = elements.numbers(dataset, "ImageOrientationPatient", 6)
    if found is None:
        return None, None
    row, column = (found[0], found[1], found[2]), (found[3], found[4], found[5])
    lengths = [sum(c * c for c in half) for half in (row, column)]
    skew = sum(a * b for a, b in zip(row, column, strict=True))
    if any(abs(length - 1) > 0.02 for length in lengths) or abs(skew) > 0.02:
        return None, None
    return row, column
