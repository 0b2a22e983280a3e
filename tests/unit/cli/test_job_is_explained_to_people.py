"""`meninx explain`: why a job waits or failed, and what to do."""

import datetime as dt
from typing import Any

import pytest
from tests.support.clock import FakeClock
from tests.support.fake_kube import FakeKube
from tests.support.make import NAMESPACE, condition, inferencejob

from meninx.base.errors import NotFound
from meninx.cli import explain
from meninx.kube.kinds import INFERENCEJOB
from meninx.resources.reasons import MEANINGS, Reason

NOW = dt.datetime(2026, 1, 5, 9, 10, tzinfo=dt.UTC)
MADE = {"creationTimestamp": "2026-01-05T09:00:00Z"}


def _said(status: dict[str, Any]) -> str:
    return "\n".join(explain.lines(inferencejob(status=status, metadata=MADE), NOW))


def test_waiting_job_says_its_place_and_who_is_ahead() -> None:
    queue = {"position": 3, "ahead": ["a", "b"]}
    waits = condition(
        "Admitted", status="False", reason="NoCapacity", message="Every node is taken."
    )
    said = _said({"phase": "Queued", "queue": queue, "conditions": [waits]})
    assert "Place in the queue: 3; ahead: a, b" in said
    assert "Admitted: Every node is taken." in said
    assert "made 10m ago" in said


def test_place_in_the_queue_is_not_told_of_a_job_that_runs() -> None:
    said = _said({"phase": "Running", "queue": {"position": 3}})
    assert "queue" not in said
    assert "It runs: nothing to do." in said


def test_failed_job_says_each_attempt_and_how_to_repeat_it() -> None:
    attempts = [
        {"number": 1, "reason": "NodeLost", "node": "gpu-1", "counts": False},
        {"number": 2, "reason": "OutOfMemory", "step": "model", "counts": True},
    ]
    said = _said({"phase": "Failed", "failedAttempts": attempts})
    assert "Attempt 1 failed: NodeLost on gpu-1 (used up no retry)" in said
    assert "Attempt 2 failed: OutOfMemory in step model" in said
    assert "meninx retry route-s0-1" in said


def test_reason_that_two_conditions_share_is_told_once() -> None:
    both = [
        condition(type_, status="False", reason="OutOfMemory")
        for type_ in ("InputReady", "Inferred")
    ]
    assert len(explain.obstacles(inferencejob(status={"conditions": both}))) == 1


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_comes_with_its_remedy(reason: Reason) -> None:
    job = inferencejob(
        status={"conditions": [condition("Admitted", status="False", reason=reason)]}
    )
    (obstacle,) = explain.facts(job)["obstacles"]
    assert obstacle["remedy"] == MEANINGS[reason].remedy


def test_reason_of_a_newer_version_has_no_remedy_here() -> None:
    assert explain.remedy("WrittenByATomorrow") == ""


def test_job_that_does_not_exist_says_how_to_list_the_others() -> None:
    with pytest.raises(NotFound, match="kubectl -n meninx get ij"):
        explain.read(FakeKube(FakeClock()), NAMESPACE, "absent")


def test_job_is_read_from_the_namespace_that_is_named() -> None:
    kube = FakeKube(FakeClock())
    kube.apply(INFERENCEJOB, inferencejob(), manager="test")
    assert explain.read(kube, NAMESPACE, "route-s0-1")["kind"] == "InferenceJob"


def test_stage_times_are_told_as_people_say_them() -> None:
    said = _said({"phase": "Succeeded", "timings": {"waiting": 3.2, "total": 75.0}})
    assert "Took: waiting 3s, total 1m15s" in said
