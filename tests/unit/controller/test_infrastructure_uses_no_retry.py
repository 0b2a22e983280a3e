"""Kubernetes counts what no model could help: refused pods, deleted pods. Our own count decides."""

import datetime as dt
from typing import Any

import pytest
from tests.support.workload import deleted, ended, kubernetes_job, pod, running

from meninx.base.clock import from_rfc3339
from meninx.controller.job import attempts
from meninx.controller.job.attempts import Over, Replace, outcome, record
from meninx.resources.inferencejob import Attempt
from meninx.resources.reasons import Reason

OK = ended("fetch")
NOW = from_rfc3339("2026-01-05T10:00:00Z")


def _made(number: int) -> dict[str, Any]:
    return {"name": f"p{number}", "made": f"2026-01-05T09:0{number}:00Z"}


def _failed(number: int, code: int = 1) -> dict[str, Any]:
    return pod(OK, ended("model", code), **_made(number))


def _unmet(number: int) -> dict[str, Any]:
    return pod(phase="Failed", reason="UnexpectedAdmissionError", **_made(number))


def _short(number: int) -> dict[str, Any]:
    return pod(OK, ended("model", 137, reason="OOMKilled"), **_made(number))


def _outcome(*pods: dict[str, Any], retries: int = 2, failed: int = 0) -> Over | Replace:
    job = kubernetes_job(Failed="BackoffLimitExceeded")
    job["status"]["failed"] = failed or len(pods)
    return outcome(job, pods, record((), pods), retries=retries, now=NOW)


@pytest.mark.parametrize(
    ("pods", "retries"),
    [
        ([_unmet(1)], 0),
        ([_unmet(1), _unmet(2), _unmet(3)], 2),
        ([_failed(1), _unmet(2), _failed(3)], 2),
        ([deleted(pod(OK, running("model"), **_made(1)))], 0),
        ([_short(1)], 0),
    ],
    ids=["no-gpu", "no-gpu-for-long", "mixed", "deleted", "memory-once"],
)
def test_job_that_ended_by_no_fault_of_the_model_is_made_anew(
    pods: list[dict[str, Any]], retries: int
) -> None:
    assert isinstance(_outcome(*pods, retries=retries), Replace)


@pytest.mark.parametrize(
    ("pods", "retries", "reason"),
    [
        ([_failed(1)], 0, Reason.MODEL_FAILED),
        ([_failed(1, 75), _failed(2, 75), _failed(3, 75)], 2, Reason.MODEL_ASKED_AGAIN),
        ([_failed(1), _unmet(2), _failed(3)], 1, Reason.MODEL_FAILED),
        ([_short(1), _short(2)], 5, Reason.OUT_OF_MEMORY),
    ],
    ids=["no-retries", "asked-again", "retries-used-beside-others", "memory-twice"],
)
def test_job_is_over_when_its_own_retries_are_used(
    pods: list[dict[str, Any]], retries: int, reason: Reason
) -> None:
    ended_so = _outcome(*pods, retries=retries)
    assert isinstance(ended_so, Over)
    assert ended_so.reason is reason


def test_end_by_retries_says_so_and_how_many_there_were() -> None:
    ended_so = _outcome(_failed(1), _failed(2), retries=1)
    assert ended_so.message.endswith("No retry is left (spec.retries: 1).")


def test_pods_that_nobody_saw_count_as_kubernetes_counted_them() -> None:
    assert isinstance(_outcome(_unmet(1), retries=2, failed=4), Over)
    assert isinstance(_outcome(_unmet(1), retries=3, failed=4), Replace)


def test_final_exit_ends_the_job_whatever_retries_are_left() -> None:
    job = kubernetes_job(Failed="PodFailurePolicy")
    pods = [_unmet(1), _failed(2, 65)]
    ended_so = outcome(job, pods, record((), pods), retries=5, now=NOW)
    assert isinstance(ended_so, Over)
    assert ended_so.reason is Reason.INPUT_NOT_FOR_MODEL


def test_attempts_kept_explain_a_job_whose_pods_are_gone() -> None:
    job = kubernetes_job(Failed="BackoffLimitExceeded")
    kept = record((), [_failed(1, 75)])
    assert outcome(job, (), kept, retries=0, now=NOW).reason is Reason.MODEL_ASKED_AGAIN


@pytest.mark.parametrize(("row", "seconds"), [(1, 10), (2, 20), (3, 40), (7, 360)])
def test_pause_before_a_job_made_anew_grows(row: int, seconds: int) -> None:
    ended_so = _outcome(*(_unmet(number) for number in range(1, row + 1)))
    assert isinstance(ended_so, Replace)
    last = from_rfc3339(_made(row)["made"])
    assert ended_so.at - last == dt.timedelta(seconds=seconds)


def test_job_made_anew_has_the_retries_that_are_left() -> None:
    kept = record((), [_failed(1), _unmet(2), _failed(3), _short(4)])
    assert [attempts.retries_left(retries, kept) for retries in (5, 2, 1)] == [3, 0, 0]


def test_attempt_tells_pod_step_node_and_cause_once() -> None:
    kept = record((), [_failed(1)])
    again = record(attempts.known({"failedAttempts": attempts.dump(kept)}), [_failed(1), _unmet(2)])
    assert again[0] == kept[0]
    assert [(a.number, a.pod, a.step, a.counts) for a in again] == [
        (1, "p1", "model", True),
        (2, "p2", None, False),
    ]
    assert (again[0].node, again[0].finished_at) == ("node-1", "2026-01-05T09:00:08Z")


def test_first_word_on_a_pod_stays_when_it_is_cleared_away() -> None:
    killed = _failed(1, 137)
    kept = record((), [killed])
    assert record(kept, [deleted(killed, "2026-01-05T09:00:09Z")]) == kept
    going = deleted(pod(OK, running("model")))
    kept = record((), [going])
    assert record(kept, [_failed(1, 137) | {"metadata": going["metadata"]}])[0].counts is False


def test_pod_taken_away_by_the_operator_is_no_failed_attempt() -> None:
    gone = deleted(pod(OK, running("model")))
    assert record((), [gone], held=True) == ()
    assert len(record((), [gone, _failed(2)], held=True)) == 1


def _attempt(number: int, counts: bool) -> Attempt:
    return Attempt(number=number, pod=f"p{number}", reason="Evicted", counts=counts)


def test_attempts_that_used_a_retry_are_kept_longest() -> None:
    before = [_attempt(number, counts=number < 3) for number in range(1, 21)]
    kept = record(before, [pod(OK, ended("model", 1), name="new")])
    assert [a.number for a in kept] == [1, 2, *range(4, 22)]
    assert attempts.used(kept) == 3


@pytest.mark.parametrize(("times", "over"), [(4, False), (5, True)])
def test_weights_that_never_come_are_given_up(times: int, over: bool) -> None:
    names = ("fetch", "weights-model", "model", "deliver")
    away = [
        pod(OK, ended("weights-model", 75), containers=names, **_made(number))
        for number in range(1, times + 1)
    ]
    assert (attempts.given_up(record((), away)) is not None) is over
