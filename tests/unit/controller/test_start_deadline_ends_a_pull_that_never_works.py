"""O-23: a mistyped image must not hold a GPU for days; a slow pull is left alone."""

from typing import Any

import pytest
from tests.support.clock import FakeClock
from tests.support.make import aimodel, inferencejob
from tests.support.workload import (
    RESOURCE_UID,
    ended,
    kubernetes_job,
    pod,
    running,
    unschedulable,
    waiting,
)

from meninx.controller.actions import Decision, DeleteJob, WriteStatus
from meninx.controller.job.chain import of_model
from meninx.controller.job.decide import decide
from meninx.controller.job.observed import Observed
from meninx.controller.settings import PodSettings
from meninx.resources.aimodel import AIModel

SETTINGS = PodSettings("meninx", "http://store")


def _decide(shown: dict[str, Any], seconds: float) -> Decision:
    clock = FakeClock()
    clock.advance(seconds)
    model = aimodel(startDeadlineSeconds=20, image="registry.invalid/none:0")
    resource = inferencejob(metadata={"uid": RESOURCE_UID})
    chain = of_model(AIModel.model_validate(model))
    seen = Observed(resource, chain, kubernetes_job(), (shown,))
    return decide(seen, clock.now(), SETTINGS)


def _status(decision: Decision) -> dict[str, Any]:
    return next(a.status for a in decision.actions if isinstance(a, WriteStatus))


def _inferred(decision: Decision) -> dict[str, Any]:
    found: dict[str, Any] = _status(decision)["conditions"][-1]
    return found


@pytest.mark.rule("said-plainly")
@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"])
def test_pull_that_fails_past_the_deadline_ends_the_job(reason: str) -> None:
    decision = _decide(pod(waiting("fetch", reason)), seconds=21)
    assert _status(decision)["phase"] == "Failed"
    assert _inferred(decision)["reason"] == "ImagePullFailed"


def test_message_names_the_image_and_the_job_is_deleted_last() -> None:
    decision = _decide(pod(ended("fetch"), waiting("model", "ErrImagePull")), seconds=40)
    assert "registry.invalid/none:0" in _inferred(decision)["message"]
    assert isinstance(decision.actions[-1], DeleteJob)


def test_pull_that_fails_within_the_deadline_is_told_and_looked_at_again() -> None:
    decision = _decide(pod(waiting("fetch", "ErrImagePull")), seconds=15)
    assert _status(decision)["phase"] == "Queued"
    assert "ErrImagePull" in _inferred(decision)["message"]
    assert decision.look_again_seconds == 6


def test_slow_pull_is_left_alone_within_the_deadline() -> None:
    decision = _decide(pod(waiting("fetch", "ContainerCreating")), seconds=19)
    assert _inferred(decision)["message"] == "The job's pod is being started."


def test_deadline_of_the_model_counts_from_the_end_of_fetch() -> None:
    fetched = ended("fetch", finishedAt="2026-01-05T09:00:30Z")
    assert (
        _status(_decide(pod(fetched, waiting("model", "ErrImagePull")), 45))["phase"] == "Running"
    )
    assert _status(_decide(pod(fetched, waiting("model", "ErrImagePull")), 51))["phase"] == "Failed"


def test_pod_without_a_node_waits_for_ever_with_its_own_reason() -> None:
    decision = _decide(pod(conditions=[unschedulable()]), seconds=86400 * 3)
    assert _status(decision)["phase"] == "Queued"
    assert _inferred(decision)["reason"] == "Unschedulable"


def test_running_step_has_no_start_deadline() -> None:
    decision = _decide(pod(ended("fetch"), running("model")), seconds=3600)
    assert _status(decision)["phase"] == "Running"
    assert decision.look_again_seconds is None


def test_step_that_lost_a_process_to_memory_and_exits_zero_ends_the_job_at_once() -> None:
    """The kubelet goes no further with such a pod, and the Job would wait for its deadline."""
    short = ended("model", 0, reason="OOMKilled")
    decision = _decide(pod(ended("fetch"), short, waiting("deliver")), seconds=9)
    assert _status(decision)["phase"] == "Failed"
    assert _inferred(decision)["reason"] == "OutOfMemory"
    assert isinstance(decision.actions[-1], DeleteJob)
