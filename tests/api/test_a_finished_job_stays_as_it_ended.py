from typing import Any

import pytest
from tests.api.conftest import Eventually, OperatorProcess
from tests.api.control_plane import NAMESPACE
from tests.api.kubelet import Kubelet, ended
from tests.api.test_job_runs_once_to_its_end import deliver, phase, start_job, status_of
from tests.support.make import inferencejob

from meninx.base.errors import BadInput
from meninx.kube.client import KubeApi
from meninx.kube.kinds import INFERENCEJOB, JOB

pytestmark = [pytest.mark.api, pytest.mark.timeout(120)]

NAME = "route-s0-1"


def _say(api: KubeApi, phase: str) -> None:
    manifest = {"metadata": {"name": NAME, "namespace": NAMESPACE}, "status": {"phase": phase}}
    api.apply(INFERENCEJOB, manifest, manager="tests", subresource="status")


@pytest.mark.parametrize("end", ["Succeeded", "Failed", "Cancelled"])
@pytest.mark.parametrize("other", ["Running", "Succeeded", "Failed", "Cancelled"])
def test_server_refuses_another_phase_after_the_end(api: KubeApi, end: str, other: str) -> None:
    api.apply(INFERENCEJOB, inferencejob(), manager="kubectl")
    _say(api, end)
    if other == end:
        _say(api, other)
    else:
        with pytest.raises(BadInput, match="stays as it ended"):
            _say(api, other)
    assert phase(api) == end


def test_cancel_can_not_be_taken_back(api: KubeApi) -> None:
    api.apply(INFERENCEJOB, inferencejob(cancel=True), manager="kubectl")
    with pytest.raises(BadInput, match="stays cancelled"):
        api.apply(INFERENCEJOB, inferencejob(cancel=False), manager="kubectl")


def test_delivery_that_comes_after_a_failure_changes_no_phase(
    api: KubeApi, operator: OperatorProcess, kubelet: Kubelet, eventually: Eventually
) -> None:
    job = start_job(api, eventually)
    pod = kubelet.pod(job)
    kubelet.pod_status(pod, "Failed", ended("fetch"), ended("model", 65))
    kubelet.job_failed(job, "PodFailurePolicy")
    eventually(lambda: phase(api) == "Failed")
    before = status_of(api)
    deliver(api)
    api.apply(INFERENCEJOB, inferencejob(priority="Stat"), manager="kubectl")
    eventually(lambda: any(c["type"] == "Delivered" for c in status_of(api)["conditions"]))
    after = status_of(api)
    assert _without_delivered(after) == _without_delivered(before)


def _without_delivered(status: dict[str, Any]) -> dict[str, Any]:
    kept = [c for c in status["conditions"] if c["type"] != "Delivered"]
    return {**status, "conditions": kept}


def test_cancelled_job_gives_its_kubernetes_job_up(
    api: KubeApi, operator: OperatorProcess, eventually: Eventually
) -> None:
    start_job(api, eventually)
    api.apply(INFERENCEJOB, inferencejob(cancel=True), manager="kubectl")
    eventually(lambda: phase(api) == "Cancelled")
    eventually(lambda: not api.list(JOB, NAMESPACE))
    assert status_of(api)["conditions"][0]["reason"] == "Cancelled"


def test_deadline_ends_a_job_that_only_waits(
    api: KubeApi, operator: OperatorProcess, eventually: Eventually
) -> None:
    api.apply(INFERENCEJOB, inferencejob(deadlineSeconds=2), manager="kubectl")
    eventually(lambda: phase(api) == "Failed")
    assert status_of(api)["conditions"][0]["reason"] == "DeadlineExceeded"
    assert api.list(JOB, NAMESPACE) == []


def test_kubernetes_job_that_a_person_deletes_is_made_anew(
    api: KubeApi, operator: OperatorProcess, eventually: Eventually
) -> None:
    old = start_job(api, eventually)
    api.delete(JOB, NAMESPACE, old["metadata"]["name"])

    def other() -> bool:
        return any(j["metadata"]["uid"] != old["metadata"]["uid"] for j in api.list(JOB, NAMESPACE))

    eventually(other)
    assert len(api.list(JOB, NAMESPACE)) == 1
