from typing import Any

import pytest

from meninx.resources.aipipeline import When
from meninx.steps.when import holds, told

RESULT = {"measurements": {"head_ml": 1400.5, "empty": None}, "side": "left", "ok": True, "n": 3}


def when(field: str, **tests: Any) -> When:
    """Return a condition on step `head`."""
    return When.model_validate({"step": "head", "field": field, **tests})


@pytest.mark.parametrize(
    ("field", "tests", "wanted"),
    [
        ("measurements.head_ml", {"atLeast": 1400.5}, True),
        ("measurements.head_ml", {"atLeast": 1401}, False),
        ("measurements.head_ml", {"atMost": 1400.5}, True),
        ("measurements.head_ml", {"atMost": 1400}, False),
        ("measurements.head_ml", {"atLeast": 1000, "atMost": 1300}, False),
        ("measurements.head_ml", {"exists": True}, True),
        ("measurements.head_ml", {"exists": False}, False),
        ("measurements.empty", {"exists": True}, True),
        ("measurements.none", {"exists": True}, False),
        ("measurements.none", {"exists": False}, True),
        ("measurements.none", {"atMost": 5}, False),
        ("measurements.none", {"equals": ""}, False),
        ("measurements.head_ml.more", {"exists": True}, False),
        ("side", {"equals": "left"}, True),
        ("side", {"equals": "Left"}, False),
        ("side", {"atLeast": 0}, False),
        ("ok", {"equals": "true"}, True),
        ("ok", {"atLeast": 1}, False),
        ("n", {"equals": "3"}, True),
        ("measurements", {"exists": True}, True),
    ],
    ids=str,
)
def test_each_test_of_a_field_has_its_answer(
    field: str, tests: dict[str, Any], wanted: bool
) -> None:
    assert holds(when(field, **tests), RESULT) is wanted


def test_nothing_holds_of_a_number_that_is_none() -> None:
    result = {"x": float("nan")}
    assert not holds(when("x", atLeast=0), result)
    assert not holds(when("x", atMost=0), result)


@pytest.mark.rule("no-patient-in-the-control-plane")
def test_text_of_a_result_is_never_told() -> None:
    assert "left" not in told(when("side", exists=True), RESULT)
    assert "1400.5" in told(when("measurements.head_ml", atLeast=1), RESULT)
    assert "absent" in told(when("none", exists=False), RESULT)
