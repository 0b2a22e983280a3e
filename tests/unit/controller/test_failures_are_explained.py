import json
from typing import Any

import pytest
from tests.support.trainings import train_pod
from tests.support.workload import (
    deleted,
    ended,
    kubernetes_job,
    pod,
    running,
    scheduled,
    unschedulable,
    waiting,
)

from meninx.controller.job import causes
from meninx.controller.job.causes import BY_EXIT, CAUSES, Cause
from meninx.controller.job.failure import explain_job, explain_pod, start_trouble
from meninx.resources.reasons import Reason

OK = ended("fetch")
CONTAINERS = {"weights": "weights-model", "gate": "gate-model"}
NAMES = ("fetch", "weights-model", "gate-model", "model", "deliver")


def _disrupted(reason: str) -> dict[str, Any]:
    return {"type": "DisruptionTarget", "status": "True", "reason": reason, "message": "why"}


KUBELET = _disrupted("TerminationByKubelet")


def _said(reason: str, message: str = "m") -> str:
    return json.dumps({"reason": reason, "message": message})


def _exited(kind: str, code: int | None) -> dict[str, Any]:
    """Return a pod in which a container of this kind ended so and all before it ended well."""
    if kind == "train":
        return train_pod(f"ended {code or 1}")
    if kind == "collect":
        return train_pod("waiting", collect=f"ended {code or 1}")
    name = CONTAINERS.get(kind, kind)
    before = [ended(done) for done in NAMES[: NAMES.index(name)]]
    return pod(*before, ended(name, code or 1), containers=NAMES)


UNDER_PRESSURE = "Pod was rejected: The node had condition: [PIDPressure]. "
SHOWN: dict[str, tuple[Cause, dict[str, Any]]] = {
    **{f"{kind}-{code}": (c, _exited(kind, code)) for (kind, code), c in BY_EXIT.items()},
    **{
        f"disrupted-{reason}": (c, pod(OK, ended("model", 137), conditions=[_disrupted(reason)]))
        for reason, c in causes.BY_DISRUPTION.items()
    },
    **{
        f"pod-{reason}": (c, pod(phase="Failed", reason=reason, conditions=[KUBELET]))
        for reason, c in causes.BY_POD_REASON.items()
    },
    "storage": (causes.STORAGE, pod(OK, ended("model", 137), phase="Failed", reason="Evicted")),
    "not-taken": (causes.NOT_TAKEN, pod(phase="Failed", reason="Evicted", message=UNDER_PRESSURE)),
    "not-taken-back": (
        causes.NOT_TAKEN,
        pod(OK, running("model"), phase="Failed", reason="Evicted", message=UNDER_PRESSURE),
    ),
    "disrupted-otherwise": (causes.DISRUPTED, pod(OK, conditions=[_disrupted("Unheard")])),
    "no-device": (causes.OUT_OF_DEVICE, pod(phase="Failed", reason="OutOfnvidia.com/gpu")),
    "refused": (causes.REJECTED, pod(phase="Failed", reason="OutOfcpu")),
    "memory": (causes.MEMORY, pod(OK, ended("model", 137, reason="OOMKilled"))),
    "killed-without-a-word": (causes.KILLED, pod(OK, ended("model", 137))),
    "memory-exit-0": (causes.MEMORY_IGNORED, pod(OK, ended("model", 0, reason="OOMKilled"))),
    "time": (causes.TIME, pod(OK, running("model"), reason="DeadlineExceeded")),
    "deleted": (causes.DELETED, deleted(pod(OK, running("model")))),
    "killed-by-deletion": (causes.DELETED, deleted(pod(OK, ended("model", 143)))),
    "gone": (
        causes.DELETED,
        deleted(pod(OK, ended("model", 137)), "2026-01-05T09:00:09Z", grace=0),
    ),
}
ELSEWHERE = {causes.NO_IMAGE, causes.NO_CONTAINER, *causes.LATER}
"""Causes that no failed pod shows: held by their own tests."""


@pytest.mark.parametrize("name", SHOWN)
def test_each_cause_of_the_table_is_told_by_its_pod(name: str) -> None:
    cause, shown = SHOWN[name]
    failure = explain_pod(shown)
    assert failure is not None
    told = failure.reason, failure.again, failure.counts
    assert told == (cause.reason, cause.again, cause.counts)


def test_no_cause_of_the_table_is_left_untried() -> None:
    assert {cause for cause, _ in SHOWN.values()} | ELSEWHERE == set(CAUSES)


def test_only_what_work_itself_does_uses_up_a_retry() -> None:
    counting = {cause for cause in CAUSES if cause.again == "while retries last"}
    assert counting == {c for c in BY_EXIT.values() if c.again == "while retries last"} | {
        causes.TIME,
        causes.STORAGE,
    }


@pytest.mark.parametrize(
    "shown",
    [
        pod(),
        pod(running("fetch")),
        pod(OK, running("model")),
        pod(OK, ended("model")),
        deleted(pod(OK, ended("model"), ended("deliver"), phase="Succeeded")),
    ],
    ids=["waits", "fetches", "infers", "delivers", "done-and-cleared-away"],
)
def test_pod_on_its_way_has_no_failure(shown: dict[str, Any]) -> None:
    assert explain_pod(shown) is None


@pytest.mark.parametrize(
    ("shown", "reason", "step"),
    [
        (pod(ended("fetch", 65, message=_said("MissingSlices"))), Reason.MISSING_SLICES, "fetch"),
        (pod(ended("fetch", 1, message=_said("Hello", "no room"))), Reason.FETCH_FAILED, "fetch"),
        (deleted(pod(OK, ended("model", 1))), Reason.MODEL_FAILED, "model"),
        (deleted(pod(OK, ended("model", 65)), grace=0), Reason.INPUT_NOT_FOR_MODEL, "model"),
        (
            pod(OK, ended("model", 137, reason="OOMKilled"), reason="DeadlineExceeded"),
            Reason.OUT_OF_MEMORY,
            "model",
        ),
        (pod(waiting("fetch"), reason="DeadlineExceeded"), Reason.TIMED_OUT, "fetch"),
    ],
    ids=["told", "unknown-word", "failed-then-deleted", "final-then-deleted", "oom-late", "unborn"],
)
def test_the_most_telling_fact_explains(
    shown: dict[str, Any], reason: Reason, step: str | None
) -> None:
    failure = explain_pod(shown)
    assert failure is not None
    assert (failure.reason, failure.step) == (reason, step)


def test_failing_step_of_a_pipeline_names_itself() -> None:
    names = ("fetch", "head", "gate-tumour", "tumour", "deliver")
    shown = pod(OK, ended("head"), ended("gate-tumour"), ended("tumour", 3), containers=names)
    failure = explain_pod(shown)
    assert failure is not None
    assert (failure.step, failure.detail) == ("tumour", "Step tumour, exit code 3.")


@pytest.mark.rule("no-patient-in-the-control-plane")
def test_free_text_of_our_own_containers_is_never_quoted() -> None:
    for name in ("fetch", "weights-model", "deliver"):
        before = [ended(done) for done in NAMES[: NAMES.index(name)]]
        failure = explain_pod(
            pod(*before, ended(name, 1, message="Trace: TEST^ONE"), containers=NAMES)
        )
        assert failure is not None
        assert "TEST" not in failure.message


def test_models_last_words_are_quoted_within_bounds() -> None:
    failure = explain_pod(pod(OK, ended("model", 1, message="x" * 4000 + " CUDA error")))
    assert failure is not None
    assert "CUDA error" in failure.message
    assert len(failure.message) < 600


def test_kubelet_is_quoted_where_it_says_what_it_wanted() -> None:
    said = "The node was low on resource: memory."
    failure = explain_pod(
        pod(OK, phase="Failed", reason="Evicted", message=said, conditions=[KUBELET])
    )
    assert failure is not None
    assert said in failure.message


def test_own_failure_explains_more_than_a_lost_node() -> None:
    late = {"name": "b", "made": "2026-01-05T10:00:00Z"}
    lost = pod(OK, ended("model", 137), conditions=[_disrupted("DeletionByPodGC")], **late)
    own = pod(OK, ended("model", 1), name="a")
    failure = explain_job(kubernetes_job(Failed="BackoffLimitExceeded"), [lost, own])
    assert failure.reason is Reason.MODEL_FAILED


def test_newest_failure_explains_the_job() -> None:
    late = pod(ended("fetch", 70), name="b", made="2026-01-05T10:00:00Z")
    early = pod(OK, ended("model", 1), name="a")
    assert explain_job(kubernetes_job(), [late, early]).reason is Reason.FETCH_FAILED


POLICY_SAID = (
    "Container model for pod ns/x-1 failed with exit code 65 matching FailJob rule at index 1"
)


@pytest.mark.parametrize(
    ("why", "message", "reason"),
    [
        ("DeadlineExceeded", "", Reason.TIMED_OUT),
        ("BackoffLimitExceeded", "as the Job says", Reason.MODEL_FAILED),
        ("PodFailurePolicy", POLICY_SAID, Reason.INPUT_NOT_FOR_MODEL),
    ],
)
def test_job_whose_pods_are_gone_explains_itself(why: str, message: str, reason: Reason) -> None:
    job = kubernetes_job(Failed=why)
    job["status"]["conditions"][0]["message"] = message
    assert explain_job(job, []).reason is reason


@pytest.mark.parametrize(
    ("shown", "evident", "hopeless"),
    [
        (pod(waiting("fetch", "ErrImagePull")), True, False),
        (pod(waiting("fetch", "InvalidImageName")), True, True),
        (pod(waiting("fetch", "ContainerCreating")), False, False),
        (pod(OK, waiting("model", "ImagePullBackOff")), True, False),
        (pod(OK, waiting("model", "CreateContainerConfigError")), True, False),
        (pod(OK, ended("model", 0, reason="OOMKilled")), True, True),
        (pod(), False, False),
    ],
    ids=["pull", "name", "creating", "model-pull", "config", "oom-exit-0", "nothing-yet"],
)
def test_step_that_does_not_start_is_noticed(
    shown: dict[str, Any], evident: bool, hopeless: bool
) -> None:
    trouble = start_trouble(shown)
    assert trouble is not None
    assert (trouble.evident, trouble.hopeless) == (evident, hopeless)


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
