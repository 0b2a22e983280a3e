import datetime as dt
from typing import Any

import pytest

from meninx.kube.events import event_manifest

JOB = {
    "apiVersion": "meninx.io/v1alpha1",
    "kind": "InferenceJob",
    "metadata": {"name": "a", "namespace": "ns", "uid": "u1"},
    "spec": {},
}


def _event(*, day: int = 1, **changes: Any) -> dict[str, Any]:
    words: dict[str, Any] = {"type": "Normal", "reason": "R", "message": "m", "component": "c"}
    now = dt.datetime(2030, 1, day, tzinfo=dt.UTC)
    involved = changes.pop("involved", JOB)
    return event_manifest(involved, **{**words, **changes}, now=now)


def test_event_points_at_the_object_without_its_spec() -> None:
    assert _event()["involvedObject"] == {
        "apiVersion": "meninx.io/v1alpha1",
        "kind": "InferenceJob",
        "namespace": "ns",
        "name": "a",
        "uid": "u1",
    }


def test_same_words_later_have_the_same_name() -> None:
    assert _event(day=1)["metadata"]["name"] == _event(day=2)["metadata"]["name"]


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "Other"},
        {"message": "other"},
        {"involved": {"metadata": {"name": "a", "namespace": "ns", "uid": "u2"}}},
    ],
    ids=["reason", "message", "object"],
)
def test_other_words_or_object_have_another_name(change: dict[str, Any]) -> None:
    assert _event(**change)["metadata"]["name"] != _event()["metadata"]["name"]


def test_name_and_message_stay_within_the_limits_of_the_api() -> None:
    involved = {"metadata": {"name": "n" * 253, "namespace": "ns"}}
    event = _event(involved=involved, message="x" * 5000)
    assert len(event["metadata"]["name"]) <= 253
    assert len(event["message"]) == 1024
