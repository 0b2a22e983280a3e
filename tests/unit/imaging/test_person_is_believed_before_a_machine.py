"""Which of a study's segmentations are learned from, case by case."""

from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from tests.support.results import slices
from tests.support.segmentations import drawn

from meninx.imaging.annotation import (
    Annotation,
    SegmentFacts,
    Unfit,
    read_annotation,
    screen,
    value_of,
)
from meninx.resources.trainingdata import Days, StoreData, WantedSegment

LESION, CODE = "Meningioma", "302820008"
SERIES, OTHER = "2.25.1", "2.25.2"
WANT = StoreData(segments=[WantedSegment(label=LESION)])
ALL = WANT.model_copy(update={"allow_automatic": True})
JANUARY = WANT.model_copy(
    update={"study_dates": Days.model_validate({"from": "2026-01-01", "to": "2026-01-31"})}
)


def segment(algorithm: str = "MANUAL", label: str = LESION) -> SegmentFacts:
    return SegmentFacts(1, label, "SCT", CODE, algorithm)


def seg(uid: str = "a", *segments: SegmentFacts, **more: Any) -> Annotation:
    said: dict[str, Any] = {
        "series_instance_uid": "s", "image_series": (SERIES,), "images": frozenset(),
        "frame_of_reference_uid": "", "study_date": "20260115", "created": "20260116 120000",
    }  # fmt: skip
    return Annotation(sop_instance_uid=uid, segments=segments or (segment(),), **(said | more))


MACHINE = segment("AUTOMATIC")
LATER = {"created": "20260117 080000"}
CASES: dict[str, tuple[list[Annotation], StoreData, dict[str, str], list[str]]] = {
    "one by hand": ([seg()], WANT, {SERIES: "a"}, []),
    "one that was corrected": ([seg("a", segment("SEMIAUTOMATIC"))], WANT, {SERIES: "a"}, []),
    "one of a machine": ([seg("a", MACHINE)], WANT, {}, ["MachineMade"]),
    "one of a machine, allowed": ([seg("a", MACHINE)], ALL, {SERIES: "a"}, []),
    "one that says nothing of its maker": ([seg("a", segment(""))], WANT, {}, ["MachineMade"]),
    "one that a job made, whatever it says": ([seg(by_meninx=True)], WANT, {}, ["MachineMade"]),
    "a machine's part that nobody corrected": ([seg("a", segment(), MACHINE)], WANT, {}, ["MachineMade"]),
    "a machine's part of no interest": (
        [seg("a", segment(), segment("AUTOMATIC", "Brain"))], WANT, {SERIES: "a"}, [],
    ),
    "older person, newer machine": (
        [seg("a"), seg("b", MACHINE, **LATER)], ALL, {SERIES: "a"}, ["Superseded"],
    ),
    "two of persons": ([seg("a"), seg("b", **LATER)], WANT, {SERIES: "b"}, ["Superseded"]),
    "two of one moment": ([seg("a"), seg("b")], WANT, {}, ["SeveralEqual", "SeveralEqual"]),
    "the same object twice": ([seg("a"), seg("a")], WANT, {SERIES: "a"}, []),
    "one for each series": (
        [seg("a"), seg("b", image_series=(OTHER,))], WANT, {SERIES: "a", OTHER: "b"}, [],
    ),
    "other segments": ([seg("a", segment(label="Brain"))], WANT, {}, ["NoSuchSegment"]),
    "no series named": ([seg(image_series=())], WANT, {}, ["NoReference"]),
    "two series named": ([seg(image_series=(SERIES, OTHER))], WANT, {}, ["NoReference"]),
    "a day within": ([seg()], JANUARY, {SERIES: "a"}, []),
    "a day outside": ([seg(study_date="20260201")], JANUARY, {}, ["OtherDate"]),
    "no day": ([seg(study_date="")], JANUARY, {}, ["OtherDate"]),
}  # fmt: skip


@pytest.mark.parametrize(("there", "want", "kept", "dropped"), CASES.values(), ids=CASES)
def test_segmentation_that_counts_is_the_one_of_the_table(
    there: list[Annotation], want: StoreData, kept: dict[str, str], dropped: list[str]
) -> None:
    for order in (there, there[::-1]):
        found = screen(order, want)
        assert {series: one.sop_instance_uid for series, one in found.kept.items()} == kept
        assert [one.reason for one in found.dropped] == dropped


BY_CODE = WantedSegment(value=2, type={"value": CODE})
FITS: dict[str, tuple[list[WantedSegment], int | None]] = {
    "any": ([], 1),
    "label in other letters": ([WantedSegment(label=" MENINGIOMA")], 1),
    "code": ([BY_CODE], 2),
    "code of another scheme": ([WantedSegment(type={"value": CODE, "scheme": "99X"})], None),
    "first that fits": ([BY_CODE, WantedSegment(value=3, label=LESION)], 2),
    "both must fit": ([WantedSegment(label="Brain", type={"value": CODE})], None),
}


@pytest.mark.parametrize(("wanted", "value"), FITS.values(), ids=FITS)
def test_segment_is_known_by_label_or_code(wanted: list[WantedSegment], value: int | None) -> None:
    assert value_of(segment(), wanted) == value


def test_header_says_who_drew_what_on_which_images() -> None:
    images = slices((8, 8, 4))
    said = read_annotation(drawn(images, _something((8, 8, 4)), algorithm="SEMIAUTOMATIC"))
    assert said.image_series == (str(images[0].SeriesInstanceUID),)
    assert said.images == {str(image.SOPInstanceUID) for image in images}
    assert said.segments == (SegmentFacts(1, LESION, "SCT", CODE, "SEMIAUTOMATIC"),)
    assert (said.study_date, said.created) == (images[0].StudyDate, "20260106 090000")
    assert not said.by_meninx


def _something(shape: tuple[int, int, int]) -> Any:
    return np.ones(shape, bool)


def test_what_was_not_asked_for_is_not_broken() -> None:
    broken = screen([seg("a"), seg("b")], WANT).dropped
    passed = screen([seg("a", MACHINE)], WANT).dropped
    assert [one.passed_over for one in (*broken, *passed)] == [False, False, True]
    assert passed[0].reason is Unfit.MACHINE_MADE


def test_package_of_a_job_is_no_person() -> None:
    made = drawn(slices((8, 8, 4)), _something((8, 8, 4)))
    equipment = Dataset()
    equipment.Manufacturer = "Meninx"
    made.ContributingEquipmentSequence = [equipment]
    assert read_annotation(made).by_meninx
