"""Which segmentation of an image series may be learned from, and why not the others (pure).

A person's work counts, not a machine's: the type of algorithm that each segment names decides
(PS3.3 C.8.20.4, MANUAL or SEMIAUTOMATIC), and what a job of Meninx made is never a person's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydicom import Dataset
from pydicom.uid import SegmentationStorage

from meninx.imaging import elements
from meninx.imaging.provenance import MANUFACTURER
from meninx.resources.trainingdata import StoreData, WantedSegment

SEGMENTATIONS = frozenset({str(SegmentationStorage), "1.2.840.10008.5.1.4.1.1.66.7"})
"""SOP classes whose voxels can be learned from: Segmentation, Label Map Segmentation."""

_BY_PERSON = frozenset({"MANUAL", "SEMIAUTOMATIC"})
"""Types of algorithm of what a person has drawn or corrected; everything else is a machine's."""


class Unfit(StrEnum):
    """Why a segmentation makes no pair, beside what makes a series no volume."""

    NO_SUCH_SEGMENT = "NoSuchSegment"
    MACHINE_MADE = "MachineMade"
    OTHER_DATE = "OtherDate"
    SUPERSEDED = "Superseded"
    NO_SERIES = "NoSeriesMatches"
    IMAGE_MISSING = "ImageMissing"
    LABEL_MISSING = "LabelMissing"
    NO_REFERENCE = "NoReference"
    SEVERAL_EQUAL = "SeveralEqual"
    OTHER_FRAME = "OtherFrameOfReference"
    OUTSIDE = "OutsideImage"
    UNREADABLE = "Unreadable"


PASSED_OVER = frozenset(
    {
        Unfit.NO_SUCH_SEGMENT,
        Unfit.MACHINE_MADE,
        Unfit.OTHER_DATE,
        Unfit.SUPERSEDED,
        Unfit.NO_SERIES,
        "TooFewSlices",
        "UnsupportedObject",
    }
)
"""What is nobody's fault: such a study was not asked for. All other reasons make a broken pair."""


@dataclass(frozen=True)
class SegmentFacts:
    """What a segment says of itself."""

    number: int
    label: str
    scheme: str
    code: str
    algorithm: str


@dataclass(frozen=True)
class Annotation:
    """One segmentation object, without its voxels."""

    sop_instance_uid: str
    series_instance_uid: str
    image_series: tuple[str, ...]
    """The series that it refers to."""
    images: frozenset[str]
    """SOP Instance UIDs of the images that it refers to; empty where it names none."""
    frame_of_reference_uid: str
    study_date: str
    created: str
    """Date and time of its content, fit for comparison."""
    segments: tuple[SegmentFacts, ...]
    by_meninx: bool = False
    """Whether a job made it, as the store knows or as it says itself."""


@dataclass(frozen=True)
class Dropped:
    """A segmentation, or what it refers to, that makes no pair."""

    reason: str
    message: str
    sop_instance_uid: str = ""

    @property
    def passed_over(self) -> bool:
        """Tell whether it was not asked for, and so is not broken."""
        return self.reason in PASSED_OVER


@dataclass(frozen=True)
class Screened:
    """The segmentation that counts for each image series, and the others."""

    kept: Mapping[str, Annotation]
    """By Series Instance UID of the images."""
    dropped: tuple[Dropped, ...]


def read_annotation(dataset: Dataset, *, by_job: bool = False) -> Annotation:
    """Read the header of a segmentation; odd values are left out."""
    referenced = elements.items_of(dataset, "ReferencedSeriesSequence")
    series = (elements.text(item, "SeriesInstanceUID") for item in referenced)
    when = (elements.text(dataset, name) or "" for name in ("ContentDate", "ContentTime"))
    return Annotation(
        sop_instance_uid=elements.text(dataset, "SOPInstanceUID") or "",
        series_instance_uid=elements.text(dataset, "SeriesInstanceUID") or "",
        image_series=tuple(dict.fromkeys(uid for uid in series if uid)),
        images=frozenset(
            uid
            for item in referenced
            for one in elements.items_of(item, "ReferencedInstanceSequence")
            if (uid := elements.text(one, "ReferencedSOPInstanceUID"))
        ),
        frame_of_reference_uid=elements.text(dataset, "FrameOfReferenceUID") or "",
        study_date=elements.text(dataset, "StudyDate") or "",
        created=" ".join(when),
        segments=tuple(map(_segment, elements.items_of(dataset, "SegmentSequence"))),
        by_meninx=by_job or _names_meninx(dataset),
    )


def _segment(item: Dataset) -> SegmentFacts:
    code = elements.first_item(item, "SegmentedPropertyTypeCodeSequence") or Dataset()
    return SegmentFacts(
        number=elements.integer(item, "SegmentNumber") or 0,
        label=elements.text(item, "SegmentLabel") or "",
        scheme=elements.text(code, "CodingSchemeDesignator") or "",
        code=elements.text(code, "CodeValue") or elements.text(code, "LongCodeValue") or "",
        algorithm=(elements.text(item, "SegmentAlgorithmType") or "").upper(),
    )


def _names_meninx(dataset: Dataset) -> bool:
    """Tell whether a package's object was adopted: Meninx is among the equipment behind it."""
    items = elements.items_of(dataset, "ContributingEquipmentSequence")
    return any(elements.text(item, "Manufacturer") == MANUFACTURER for item in items)


def value_of(segment: SegmentFacts, wanted: Sequence[WantedSegment]) -> int | None:
    """Return the label map's value of a segment: that of the first entry that fits; None if none.

    Where nothing is wanted in particular every segment is 1.
    """
    if not wanted:
        return 1
    return next((one.value for one in wanted if _fits(segment, one)), None)


def _fits(segment: SegmentFacts, wanted: WantedSegment) -> bool:
    label, code = wanted.label, wanted.type
    if label is not None and label.strip().casefold() != segment.label.strip().casefold():
        return False
    return code is None or (code.scheme, code.value) == (segment.scheme, segment.code)


def screen(annotations: Sequence[Annotation], want: StoreData) -> Screened:
    """Return which segmentation counts for each image series.

    A person's before a machine's, then the newest. Two that are equal in this are refused: nothing
    says which of them is right.
    """
    dropped: list[Dropped] = []
    by_series: dict[str, list[Annotation]] = {}
    once = {one.sop_instance_uid: one for one in annotations}
    for _, one in sorted(once.items()):
        reason = _unfit(one, want)
        if reason is not None:
            dropped.append(Dropped(reason, _MESSAGES[reason], one.sop_instance_uid))
        else:
            by_series.setdefault(one.image_series[0], []).append(one)
    kept = {}
    for series, members in by_series.items():
        best, others = _best(members, want)
        dropped += others
        if best is not None:
            kept[series] = best
    return Screened(kept, tuple(dropped))


def _unfit(one: Annotation, want: StoreData) -> Unfit | None:
    """Say the first thing that keeps a segmentation from being looked at further."""
    if not _in_days(one.study_date, want):
        return Unfit.OTHER_DATE
    if not _counting(one, want):
        return Unfit.NO_SUCH_SEGMENT
    if not want.allow_automatic and not _by_person(one, want):
        return Unfit.MACHINE_MADE
    return None if len(one.image_series) == 1 else Unfit.NO_REFERENCE


def _in_days(date: str, want: StoreData) -> bool:
    if want.study_dates is None:
        return True
    first, last = (
        (day or "").replace("-", "") for day in (want.study_dates.first, want.study_dates.last)
    )
    day = date.replace(".", "")[:8]
    return bool(day) and first <= day and (not last or day <= last)


def _counting(one: Annotation, want: StoreData) -> list[SegmentFacts]:
    return [segment for segment in one.segments if value_of(segment, want.segments) is not None]


def _by_person(one: Annotation, want: StoreData) -> bool:
    """Tell whether a person drew or corrected each segment that counts.

    One that a machine drew and nobody touched would else become background, or truth.
    """
    drawn = all(segment.algorithm in _BY_PERSON for segment in _counting(one, want))
    return drawn and not one.by_meninx


def _best(members: list[Annotation], want: StoreData) -> tuple[Annotation | None, list[Dropped]]:
    ranks = {one: (_by_person(one, want), one.created) for one in members}
    best = max(ranks.values())
    first, *equal = [one for one in members if ranks[one] == best]
    reason = Unfit.SEVERAL_EQUAL if equal else Unfit.SUPERSEDED
    others = [one for one in members if equal or one is not first]
    said = [Dropped(reason, _MESSAGES[reason], one.sop_instance_uid) for one in others]
    return (None if equal else first), said


_MESSAGES = {
    Unfit.OTHER_DATE: "the study is of another day than those that are asked for",
    Unfit.NO_SUCH_SEGMENT: "no segment is one of those that are asked for",
    Unfit.MACHINE_MADE: "a segment that counts was made by a machine, and no person says otherwise",
    Unfit.NO_REFERENCE: "the segmentation refers to no series, or to several: make one for each",
    Unfit.SUPERSEDED: "another segmentation of the series is newer, or more a person's work",
    Unfit.SEVERAL_EQUAL: "two segmentations of the series are of the same moment and kind",
}
