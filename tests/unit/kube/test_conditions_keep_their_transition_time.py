import datetime as dt
from typing import Any

from meninx.kube.conditions import NewCondition, find, is_true, merge, only

EARLY = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
LATE = dt.datetime(2030, 1, 2, tzinfo=dt.UTC)
READY = NewCondition("Ready", "True", "Ready", "The model can be run.")


def _ready(**changes: Any) -> list[dict[str, Any]]:
    (condition,) = merge([], READY, EARLY, 1)
    return [{**condition, **changes}]


def test_first_condition_gets_the_present_as_transition_time() -> None:
    assert _ready() == [
        {
            "type": "Ready",
            "status": "True",
            "reason": "Ready",
            "message": "The model can be run.",
            "lastTransitionTime": "2030-01-01T00:00:00Z",
            "observedGeneration": 1,
        }
    ]


def test_same_status_keeps_its_time_though_the_reason_changes() -> None:
    merged = merge(_ready(reason="Other"), READY, LATE, 2)
    assert merged[0]["lastTransitionTime"] == "2030-01-01T00:00:00Z"
    assert (merged[0]["reason"], merged[0]["observedGeneration"]) == ("Ready", 2)


def test_changed_status_gets_a_new_time() -> None:
    merged = merge(_ready(status="False"), READY, LATE, 1)
    assert merged[0]["lastTransitionTime"] == "2030-01-02T00:00:00Z"


def test_merging_twice_changes_nothing() -> None:
    once = merge(_ready(), READY, LATE, 1)
    assert merge(once, READY, LATE, 1) == once


def test_other_conditions_stay_where_they_are() -> None:
    existing = [{"type": "A", "status": "True"}, *_ready(), {"type": "B", "status": "False"}]
    merged = merge(existing, READY, LATE, 1)
    assert [condition["type"] for condition in merged] == ["A", "Ready", "B"]
    assert only(merged, {"A"}) == [{"type": "A", "status": "True"}]


def test_input_is_left_as_it_was() -> None:
    existing = _ready(status="False")
    merge(existing, READY, LATE, 1)
    assert existing == _ready(status="False")


def test_absent_condition_is_neither_found_nor_true() -> None:
    assert find([], "Ready") is None
    assert not is_true([], "Ready")
    assert is_true(_ready(), "Ready")


def test_endless_message_is_cut_to_what_the_api_takes() -> None:
    (condition,) = merge([], NewCondition("A", "False", "R", "x" * 5000), EARLY, None)
    assert len(condition["message"]) == 1024
    assert "observedGeneration" not in condition
