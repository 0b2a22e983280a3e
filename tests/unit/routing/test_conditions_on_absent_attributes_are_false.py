from typing import Any

import pytest

from meninx.imaging.match import holds, judge
from meninx.resources.predicates import Condition, Predicate

T1 = {
    "Modality": "MR",
    "SeriesDescription": " t1 gado 3D ",
    "ContrastBolusAgent": "GADO",
    "ImageType": "ORIGINAL\\PRIMARY\\M\\NORM",
    "EchoTime": "2.98 ",
    "MagneticFieldStrength": "1.5T",
    "SliceThickness": "1_000",
    "BodyPartExamined": "",
    "ProtocolName": " \0",
    "CallingAETitle": "SCANNER1",
}

HOLDS: dict[str, tuple[dict[str, Any], bool]] = {
    "equals, other case and spaces": ({"attribute": "Modality", "equals": " mr "}, True),
    "equals, one of several values": ({"attribute": "ImageType", "equals": "norm"}, True),
    "equals, part of a value": ({"attribute": "SeriesDescription", "equals": "t1"}, False),
    "equals, padded sender": ({"attribute": "CallingAETitle", "equals": "SCANNER1  "}, True),
    "in": ({"attribute": "Modality", "in": ["CT", "mr"]}, True),
    "in, none": ({"attribute": "Modality", "in": ["CT", "PT"]}, False),
    "contains": ({"attribute": "SeriesDescription", "contains": "T1"}, True),
    "matches": ({"attribute": "SeriesDescription", "matches": "^T1 .*3d$"}, True),
    "matches, not": ({"attribute": "SeriesDescription", "matches": "^gado"}, False),
    "matches, unreadable": ({"attribute": "SeriesDescription", "matches": "t1("}, False),
    "range": ({"attribute": "EchoTime", "range": {"min": 2, "max": 3}}, True),
    "range, closed at its end": ({"attribute": "EchoTime", "range": {"max": 2.98}}, True),
    "range, below": ({"attribute": "EchoTime", "range": {"min": 3}}, False),
    "range, text that is no number": ({"attribute": "MagneticFieldStrength", "range": {}}, False),
    "range, number of another grammar": ({"attribute": "SliceThickness", "range": {}}, False),
    "range, absent": ({"attribute": "FlipAngle", "range": {"max": 90}}, False),
    "range, empty": ({"attribute": "BodyPartExamined", "range": {"max": 90}}, False),
    "equals empty, absent": ({"attribute": "FlipAngle", "equals": ""}, False),
    "contains nothing, empty": ({"attribute": "BodyPartExamined", "contains": ""}, False),
    "exists": ({"attribute": "ContrastBolusAgent", "exists": True}, True),
    "exists, empty": ({"attribute": "BodyPartExamined", "exists": True}, False),
    "exists, padding only": ({"attribute": "ProtocolName", "exists": True}, False),
    "absent": ({"attribute": "FlipAngle", "exists": False}, True),
    "absent, present": ({"attribute": "Modality", "exists": False}, False),
}


@pytest.mark.parametrize(("condition", "expected"), HOLDS.values(), ids=HOLDS.keys())
def test_condition_holds_exactly_when_its_value_says(
    condition: dict[str, Any], *, expected: bool
) -> None:
    assert holds(Condition.model_validate(condition), T1) is expected


def _predicate(**parts: list[dict[str, Any]]) -> Predicate:
    return Predicate.model_validate(parts)


MR, CT, AGENT = (
    {"attribute": "Modality", "equals": "MR"},
    {"attribute": "Modality", "equals": "CT"},
    {"attribute": "ContrastBolusAgent", "exists": True},
)
JOINED = {
    "nothing asked": ({}, True),
    "all": ({"all": [MR, AGENT]}, True),
    "all, one false": ({"all": [MR, CT]}, False),
    "any": ({"any": [CT, AGENT]}, True),
    "any, none true": ({"any": [CT]}, False),
    "none": ({"none": [CT]}, True),
    "none, one true": ({"none": [CT, MR]}, False),
    "all and none": ({"all": [MR], "none": [AGENT]}, False),
}


@pytest.mark.parametrize(("parts", "expected"), JOINED.values(), ids=JOINED.keys())
def test_all_any_and_none_join_conditions(
    parts: dict[str, list[dict[str, Any]]], *, expected: bool
) -> None:
    assert judge(_predicate(**parts), T1).holds is expected


RULE = _predicate(
    all=[MR, {"attribute": "SeriesDescription", "contains": "T1"}, AGENT],
)
SERIES = {
    "agent": ({"ContrastBolusAgent": "GADO", "SeriesDescription": "T1"}, True),
    "empty agent": ({"ContrastBolusAgent": "", "SeriesDescription": "T1"}, False),
    "no agent": ({"SeriesDescription": "T1"}, False),
    "no description": ({"ContrastBolusAgent": "GADO"}, False),
    "lower case": ({"ContrastBolusAgent": "GADO", "SeriesDescription": "t1 gado 3d "}, True),
}


@pytest.mark.parametrize(("facts", "fires"), SERIES.values(), ids=SERIES.keys())
def test_rule_on_contrast_fires_only_with_an_agent(facts: dict[str, str], *, fires: bool) -> None:
    assert judge(RULE, {"Modality": "MR", **facts}).holds is fires


def test_trace_names_the_rule_and_never_the_value() -> None:
    facts = {"SeriesDescription": "BRAIN OF TEST", "Modality": "MR"}
    verdict = judge(RULE, facts)
    assert verdict.why_not == "not fulfilled: SeriesDescription contains 'T1'"
    assert "BRAIN" not in " ".join(map(str, verdict.checks))


def test_trace_says_that_an_attribute_is_absent() -> None:
    verdict = judge(_predicate(all=[AGENT, MR]), {})
    assert [check.absent for check in verdict.checks] == [False, True]
    assert "Modality is 'MR' (absent or empty)" in str(verdict.checks[1])
