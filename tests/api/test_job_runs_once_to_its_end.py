from typing import Any

import pytest
from tests.api.conftest import Eventually, OperatorProcess
from tests.api.control_plane import NAMESPACE
from tests.api.kubelet import Kubelet, ended, waiting
from tests.support.make import aimodel, condition, inferencejob

from meninx.kube.client import KubeApi
from meninx.kube.kinds import AIMODEL, EVENT, INFERENCEJOB, JOB, POD, SECRET

pytestmark = [pytest.mark.api, pytest.mark.timeout(120)]


def status_of(api: KubeApi, name: str = "route-s0-1") -> dict[str, Any]:
    resource = api.get(INFERENCEJOB, NAMESPACE, name)
    assert resource is not None
    status: dict[str, Any] = resource.get("status") or {}
    return status


def phase(api: KubeApi) -> str | None:
    return status_of(api).get("phase")


def start_job(api: KubeApi, eventually: Eventually) -> dict[str, Any]:
    """Create model and job; return the Kubernetes Job that the operator made."""
    api.apply(AIMODEL, aimodel(), manager="kubectl")
    api.apply(INFERENCEJOB, inferencejob(), manager="kubectl")
    (job,) = eventually(lambda: api.list(JOB, NAMESPACE))
    return dict(job)


def deliver(api: KubeApi) -> None:
    """Say what delivery says after the last destination took the result."""
    status = {"conditions": [condition("Delivered", reason="Delivered")]}
    manifest = {"metadata": {"name": "route-s0-1", "namespace": NAMESPACE}, "status": status}
    api.apply(INFERENCEJOB, manifest, manager="meninx-delivery", subresource="status")


def test_job_goes_from_queued_to_succeeded(
    api: KubeApi, operator: OperatorProcess, kubelet: Kubelet, eventually: Eventually
) -> None:
    job = start_job(api, eventually)
    eventually(lambda: phase(api) == "Queued")
    pod = kubelet.pod(job)
    kubelet.pod_status(pod, "Pending", ended("fetch"), waiting("model", "PodInitializing"))
    eventually(lambda: phase(api) == "Running")
    kubelet.pod_status(pod, "Succeeded", ended("fetch"), ended("model"), ended("deliver"))
    kubelet.job_complete(job)
    eventually(lambda: phase(api) == "Delivering")
    deliver(api)
    eventually(lambda: phase(api) == "Succeeded")
    status = status_of(api)
    assert [step["exitCode"] for step in status["steps"]] == [0, 0, 0]
    assert {c["type"] for c in status["conditions"]} == {
        "Admitted", "InputReady", "Inferred", "Delivered",
    }  # fmt: skip


def test_pod_and_secret_are_taken_by_a_restricted_namespace(
    api: KubeApi, operator: OperatorProcess, kubelet: Kubelet, eventually: Eventually
) -> None:
    job = start_job(api, eventually)
    assert kubelet.pod(job)["metadata"]["name"]
    (secret,) = api.list(SECRET, NAMESPACE)
    mounted = job["spec"]["template"]["spec"]["volumes"][-1]["secret"]["secretName"]
    assert secret["metadata"]["name"] == mounted
    owners = {owner["kind"] for owner in secret["metadata"]["ownerReferences"]}
    assert owners == {"InferenceJob"}


def test_failed_model_ends_the_job_with_reason_and_event(
    api: KubeApi, operator: OperatorProcess, kubelet: Kubelet, eventually: Eventually
) -> None:
    job = start_job(api, eventually)
    pod = kubelet.pod(job)
    kubelet.pod_status(pod, "Failed", ended("fetch"), ended("model", 65))
    kubelet.job_failed(job, "PodFailurePolicy")
    eventually(lambda: phase(api) == "Failed")
    reasons = {c["type"]: c["reason"] for c in status_of(api)["conditions"]}
    assert reasons["Inferred"] == "InputNotForModel"
    told = [event for event in api.list(EVENT, NAMESPACE) if event["type"] == "Warning"]
    assert "InputNotForModel" in {event["reason"] for event in told}


def test_job_of_an_absent_model_waits_and_starts_when_it_comes(
    api: KubeApi, operator: OperatorProcess, eventually: Eventually
) -> None:
    api.apply(INFERENCEJOB, inferencejob(), manager="kubectl")
    eventually(lambda: phase(api) == "Pending")
    assert status_of(api)["conditions"][0]["reason"] == "ModelNotFound"
    assert api.list(JOB, NAMESPACE) == []
    api.apply(AIMODEL, aimodel(), manager="kubectl")
    eventually(lambda: api.list(JOB, NAMESPACE))


def test_finished_job_is_removed_after_its_time_to_live(
    api: KubeApi, operator: OperatorProcess, kubelet: Kubelet, eventually: Eventually
) -> None:
    api.apply(AIMODEL, aimodel(), manager="kubectl")
    short = inferencejob(ttlSecondsAfterFinished=1)
    api.apply(INFERENCEJOB, short, manager="kubectl")
    (job,) = eventually(lambda: api.list(JOB, NAMESPACE))
    kubelet.job_complete(job)
    deliver(api)
    eventually(lambda: api.get(INFERENCEJOB, NAMESPACE, "route-s0-1") is None)


def test_suspended_job_is_held_back_and_let_go(
    api: KubeApi, operator: OperatorProcess, eventually: Eventually
) -> None:
    job = start_job(api, eventually)
    name = job["metadata"]["name"]

    def held() -> bool:
        now = api.get(JOB, NAMESPACE, name)
        return bool(now and now["spec"].get("suspend"))

    api.apply(INFERENCEJOB, inferencejob(suspend=True), manager="kubectl")
    eventually(held)
    api.apply(INFERENCEJOB, inferencejob(suspend=False), manager="kubectl")
    eventually(lambda: not held())
    job_now = api.get(JOB, NAMESPACE, name)
    assert job_now is not None
    assert job_now["spec"]["template"] == job["spec"]["template"]
    assert api.list(POD, NAMESPACE) == []
