import json
from typing import Any

import pytest
from tests.support.workload import (
    ended,
    kubernetes_job,
    pod,
    running,
    scheduled,
    unschedulable,
    waiting,
)

from meninx.controller.job.failure import (
    BY_EXIT_CODE,
    FINAL_EXIT_CODES,
    explain_job,
    explain_pod,
    start_trouble,
)
from meninx.resources.reasons import Reason

OK = ended("fetch")
DISRUPTED = {"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet"}


def _said(reason: str, message: str = "m") -> str:
    return json.dumps({"reason": reason, "message": message})


@pytest.mark.parametrize(
    ("shown", "reason", "step"),
    [
        (pod(ended("fetch", 65)), Reason.INPUT_NOT_USABLE, "fetch"),
        (pod(ended("fetch", 66)), Reason.NOT_FINITE, "fetch"),
        (pod(ended("fetch", 75)), Reason.FETCH_FAILED, "fetch"),
        (pod(ended("fetch", 65, message=_said("MissingSlices"))), Reason.MISSING_SLICES, "fetch"),
        (pod(OK, ended("model", 65)), Reason.INPUT_NOT_FOR_MODEL, "model"),
        (pod(OK, ended("model", 66)), Reason.NOT_FINITE, "model"),
        (pod(OK, ended("model", 75)), Reason.MODEL_FAILED, "model"),
        (pod(OK, ended("model", 1)), Reason.MODEL_FAILED, "model"),
        (pod(OK, ended("model", 137, reason="OOMKilled")), Reason.OUT_OF_MEMORY, "model"),
        (pod(OK, ended("model", 0, reason="OOMKilled")), Reason.OUT_OF_MEMORY, "model"),
        (
            pod(OK, ended("model", 0, reason="OOMKilled"), reason="DeadlineExceeded"),
            Reason.OUT_OF_MEMORY,
            "model",
        ),
        (pod(OK, ended("model"), ended("deliver", 66)), Reason.NOT_FINITE, "deliver"),
        (pod(OK, ended("model"), ended("deliver", 67)), Reason.BAD_RESULT, "deliver"),
        (pod(OK, ended("model"), ended("deliver", 75)), Reason.DELIVER_FAILED, "deliver"),
        (pod(OK, running("model"), reason="DeadlineExceeded"), Reason.TIMED_OUT, "model"),
        (pod(OK, ended("model", 137), conditions=[DISRUPTED]), Reason.NODE_LOST, None),
        (pod(OK, ended("model", 137), reason="Evicted"), Reason.NODE_LOST, None),
        (pod(OK, ended("model", 137), reason="NodeLost"), Reason.NODE_LOST, None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_pod_state_has_its_reason(shown: dict[str, Any], reason: Reason, step: str | None) -> None:
    failure = explain_pod(shown)
    assert failure is not None
    assert (failure.reason, failure.step) == (reason, step)
    assert failure.message


@pytest.mark.parametrize(
    "shown",
    [pod(), pod(running("fetch")), pod(OK, running("model")), pod(OK, ended("model"))],
    ids=["waits", "fetches", "infers", "delivers"],
)
def test_pod_on_its_way_has_no_failure(shown: dict[str, Any]) -> None:
    assert explain_pod(shown) is None


def test_unknown_reason_in_a_termination_message_is_not_passed_on() -> None:
    failure = explain_pod(pod(ended("fetch", 1, message=_said("Hello", "no room"))))
    assert failure is not None
    assert (failure.reason, failure.detail) == (Reason.FETCH_FAILED, "no room")


@pytest.mark.rule("no-patient-in-the-control-plane")
def test_free_text_of_fetch_is_never_quoted() -> None:
    failure = explain_pod(pod(ended("fetch", 1, message="Traceback: TEST^ONE")))
    assert failure is not None
    assert "TEST" not in failure.message


def test_models_last_words_are_quoted_within_bounds() -> None:
    failure = explain_pod(pod(OK, ended("model", 1, message="x" * 4000 + " CUDA error")))
    assert failure is not None
    assert "CUDA error" in failure.message
    assert len(failure.message) < 600


def test_final_codes_are_those_that_the_exit_table_explains() -> None:
    table = {(step, code) for step, codes in FINAL_EXIT_CODES.items() for code in codes}
    assert table == set(BY_EXIT_CODE)


@pytest.mark.parametrize(
    ("shown", "again"),
    [
        (pod(ended("fetch", 75)), "until it works"),
        (pod(OK, ended("model"), ended("deliver", 75)), "until it works"),
        (pod(OK, ended("model", 75)), "while retries last"),
        (pod(OK, ended("model", 1)), "while retries last"),
        (pod(ended("fetch", 70)), "while retries last"),
        (pod(OK, ended("model", 66)), "never"),
        (pod(OK, ended("model", 1), reason="Evicted"), "until it works"),
    ],
    ids=["store-away", "store-away-late", "model-75", "model-1", "fetch-70", "final", "evicted"],
)
def test_failure_says_whether_it_is_tried_again(shown: dict[str, Any], again: str) -> None:
    failure = explain_pod(shown)
    assert failure is not None
    assert failure.again == again


def test_own_failure_explains_more_than_a_lost_node() -> None:
    lost = pod(OK, ended("model", 137), name="b", made="2026-01-05T10:00:00Z", reason="Evicted")
    own = pod(OK, ended("model", 1), name="a")
    failure = explain_job(kubernetes_job(Failed="BackoffLimitExceeded"), [lost, own])
    assert failure.reason is Reason.MODEL_FAILED


def test_newest_failure_explains_the_job() -> None:
    late = pod(ended("fetch", 75), name="b", made="2026-01-05T10:00:00Z")
    early = pod(OK, ended("model", 1), name="a")
    assert explain_job(kubernetes_job(), [late, early]).reason is Reason.FETCH_FAILED


@pytest.mark.parametrize(
    ("why", "reason"),
    [("DeadlineExceeded", Reason.TIMED_OUT), ("BackoffLimitExceeded", Reason.MODEL_FAILED)],
)
def test_job_without_pods_explains_itself(why: str, reason: Reason) -> None:
    assert explain_job(kubernetes_job(Failed=why), []).reason is reason


@pytest.mark.parametrize(
    ("shown", "evident"),
    [
        (pod(waiting("fetch", "ErrImagePull")), True),
        (pod(waiting("fetch", "ContainerCreating")), False),
        (pod(OK, waiting("model", "ImagePullBackOff")), True),
        (pod(OK, waiting("model", "CreateContainerConfigError")), True),
        (pod(), False),
    ],
    ids=["pull", "creating", "model-pull", "config", "nothing-yet"],
)
def test_step_that_does_not_start_is_noticed(shown: dict[str, Any], evident: bool) -> None:
    trouble = start_trouble(shown)
    assert trouble is not None
    assert trouble.evident is evident


@pytest.mark.parametrize(
    "shown",
    [
        pod(conditions=[unschedulable()]),
        pod(conditions=[]),
        pod(running("fetch"), waiting("model")),
        pod(OK, ended("model", 1), waiting("deliver")),
        pod(OK, ended("model"), ended("deliver"), conditions=[scheduled()]),
    ],
    ids=["unschedulable", "unscheduled", "fetching", "failed", "done"],
)
def test_pod_that_waits_for_no_start_is_left_alone(shown: dict[str, Any]) -> None:
    assert start_trouble(shown) is None
