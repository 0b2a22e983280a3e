"""O-19: no lesion is a result; it is written as such and never as a failure."""

import math

import numpy as np
import pytest
from pydicom import Dataset
from tests.support.make import label
from tests.support.results import composed, elements, mask_by_position, reread, slices
from tests.support.results import source_of_datasets as source_of

from meninx.imaging.evidence import Source
from meninx.imaging.measure import LabelMap

TWO = [label(1, "Meningioma"), label(4, "Edema")]


@pytest.fixture
def source() -> Source:
    return source_of(slices((8, 8, 20)))


def nothing(source: Source) -> LabelMap:
    return np.zeros(source.grid.shape, np.uint8)


def numbers(sr: Dataset) -> dict[str, list[float]]:
    """Return the report's numeric values by concept."""
    found: dict[str, list[float]] = {}
    for item in _items(reread(sr)):
        if item.ValueType == "NUM":
            value = float(item.MeasuredValueSequence[0].NumericValue)
            found.setdefault(item.ConceptNameCodeSequence[0].CodeMeaning, []).append(value)
    return found


def answers(sr: Dataset) -> list[str]:
    """Return what the report answers to the question of presence, label by label."""
    return [
        str(item.ConceptCodeSequence[0].CodeMeaning)
        for item in _items(reread(sr))
        if item.ValueType == "CODE" and item.ConceptNameCodeSequence[0].CodeMeaning == "Presence"
    ]


def _items(item: Dataset) -> list[Dataset]:
    return [i for child in item.get("ContentSequence", []) for i in (child, *_items(child))]


def test_healthy_brain_makes_a_report_and_no_segmentation(source: Source) -> None:
    made = composed(source, nothing(source))
    assert made.seg is None
    assert made.results.findings == 0
    assert made.results.sop_instance_uids == [made.sr.SOPInstanceUID]
    assert answers(made.sr) == ["Absent"]
    assert numbers(made.sr) == {"Volume": [0.0], "Number of connected parts": [0.0]}


def test_policy_may_ask_for_a_segmentation_without_voxels(source: Source) -> None:
    made = composed(source, nothing(source), no_findings="EmptySegmentation")
    assert made.seg is not None
    seg = reread(made.seg)
    assert len(seg.SegmentSequence) == 1
    assert int(seg.pixel_array.sum()) == 0
    assert made.results.sop_instance_uids == [seg.SOPInstanceUID, made.sr.SOPInstanceUID]


def test_label_that_is_not_found_is_described_beside_the_one_that_is(source: Source) -> None:
    labels = nothing(source)
    labels[2:4, 2:4, 5:7] = 4
    made = composed(source, labels, labels=TWO)
    assert made.seg is not None
    assert [s.SegmentLabel for s in reread(made.seg).SegmentSequence] == ["Meningioma", "Edema"]
    assert np.array_equal(mask_by_position(made.seg, source.grid), labels // 2)
    assert answers(made.sr) == ["Absent", "Present"]
    assert numbers(made.sr)["Volume"] == [0.0, 0.008]


@pytest.mark.parametrize("policy", ["NoObject", "EmptySegmentation"])
def test_no_number_of_a_result_is_ever_not_a_number(source: Source, policy: str) -> None:
    made = composed(source, nothing(source), no_findings=policy)
    values = [
        float(value)
        for written in map(reread, made.objects)
        for element in elements(written)
        if element.VR in {"DS", "FD", "FL"} and not element.is_empty
        for value in np.ravel(element.value)
    ]
    assert values
    assert all(map(math.isfinite, values))
