"""`meninx logs`: what all steps of a job have written, in order."""

from typing import Any

import pytest
from tests.support.clock import FakeClock
from tests.support.fake_kube import FakeKube
from tests.support.make import NAMESPACE
from tests.support.workload import ended, running, waiting

from meninx.base.errors import BadInput, NotFound
from meninx.cli import logs
from meninx.kube.kinds import POD
from meninx.kube.logs import container_log
from meninx.resources import names

INIT = ({"name": "fetch"}, {"name": "model"})


def _pod(name: str = "p", **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {names.LABEL_JOB: "j"}},
        "spec": {"initContainers": [*INIT], "containers": [{"name": "deliver"}]},
        "status": status,
    }


def test_steps_come_in_the_order_in_which_they_run() -> None:
    order = [container for _, container in logs.parts([_pod()], None)]
    assert order == ["fetch", "model", "deliver"]


def test_one_step_of_every_attempt_can_be_asked_for() -> None:
    found = list(logs.parts([_pod("first"), _pod("second")], "model"))
    assert [pod["metadata"]["name"] for pod, _ in found] == ["first", "second"]


def test_unknown_step_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(NotFound, match="there are fetch, model, deliver"):
        list(logs.parts([_pod()], "train"))


def test_pods_of_other_jobs_are_left_out() -> None:
    kube = FakeKube(FakeClock())
    other = _pod("other")
    other["metadata"]["labels"] = {names.LABEL_JOB: "k"}
    for pod in (_pod("mine"), other):
        kube.apply(POD, pod, manager="test")
    found = logs.attempts(kube, NAMESPACE, "j")
    assert [pod["metadata"]["name"] for pod in found] == ["mine"]


@pytest.mark.parametrize(
    ("container", "said"),
    [
        (ended("model", 65), "ended with exit code 65, Error"),
        (running("model"), "runs"),
        (waiting("model", "ImagePullBackOff"), "waits (ImagePullBackOff)"),
        ({"name": "fetch"}, "waits (not started)"),
    ],
    ids=["ended", "runs", "waits", "unknown"],
)
def test_heading_says_how_the_step_stands(container: dict[str, Any], said: str) -> None:
    pod = _pod(initContainerStatuses=[container])
    assert logs.heading(pod, "model") == f"==> model (p): {said} <=="


class _Refusing:
    """An API server that has no log to give."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def text(self, path: str, subject: str, *, query: dict[str, str]) -> str:
        assert path.endswith("/pods/p/log"), subject
        assert query == {"container": "model", "tailLines": "5"}
        raise self._error


@pytest.mark.parametrize(
    "error",
    [NotFound("pod is gone"), BadInput('container "model" in pod "p" is waiting to start')],
    ids=["pod gone", "not started"],
)
def test_step_without_a_log_is_empty_not_an_error(error: Exception) -> None:
    assert container_log(_Refusing(error), NAMESPACE, "p", "model", tail=5) == ""  # type: ignore[arg-type]


def test_other_refusals_of_a_log_are_told() -> None:
    refused = _Refusing(BadInput("no such container"))
    with pytest.raises(BadInput, match="no such container"):
        container_log(refused, NAMESPACE, "p", "model", tail=5)  # type: ignore[arg-type]
