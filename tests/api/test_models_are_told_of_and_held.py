"""What the operator says of a model, and how its deletion waits, with a real API server."""

from typing import Any

import pytest
from tests.api.conftest import Eventually, OperatorProcess
from tests.api.control_plane import NAMESPACE
from tests.api.kubelet import Kubelet, ended, waiting
from tests.api.test_job_runs_once_to_its_end import deliver, phase
from tests.support.make import IMAGE, aimodel, inferencejob

from meninx.kube.client import KubeApi
from meninx.kube.kinds import AIMODEL, CLAIM_TEMPLATE, EVENT, INFERENCEJOB, JOB, SECRET
from meninx.resources import names

pytestmark = [pytest.mark.api, pytest.mark.timeout(120)]
MODEL = "unet-meningioma"


def model(api: KubeApi) -> dict[str, Any]:
    return api.get(AIMODEL, NAMESPACE, MODEL) or {}


def ready(api: KubeApi) -> tuple[str, str]:
    """Return reason and message of Ready."""
    for condition in (model(api).get("status") or {}).get("conditions") or ():
        return condition["reason"], condition["message"]
    return "", ""


def finalizers(api: KubeApi) -> list[str]:
    return list(model(api).get("metadata", {}).get("finalizers") or ())


def begin(api: KubeApi, kubelet: Kubelet, eventually: Eventually) -> tuple[Any, Any]:
    """Let a job of the model come so far that its pod runs; return Kubernetes Job and pod."""
    api.apply(AIMODEL, aimodel(), manager="kubectl")
    api.apply(INFERENCEJOB, inferencejob(), manager="kubectl")
    (job,) = eventually(lambda: api.list(JOB, NAMESPACE))
    pod = kubelet.pod(job)
    kubelet.pod_status(pod, "Pending", ended("fetch"), waiting("model", "PodInitializing"))
    eventually(lambda: phase(api) == "Running")
    return job, pod


def test_model_in_use_is_deleted_when_its_job_has_ended(
    api: KubeApi, operator: OperatorProcess, kubelet: Kubelet, eventually: Eventually
) -> None:
    job, pod = begin(api, kubelet, eventually)
    eventually(lambda: finalizers(api) == [names.FINALIZER_IN_USE])
    api.delete(AIMODEL, NAMESPACE, MODEL)
    eventually(lambda: ready(api)[0] == "Deleting")
    assert "route-s0-1" in ready(api)[1]
    events = [e for e in api.list(EVENT, NAMESPACE) if e["reason"] == "Deleting"]
    assert [e["involvedObject"]["name"] for e in events] == [MODEL]
    kubelet.pod_status(pod, "Succeeded", ended("fetch"), ended("model"), ended("deliver"))
    kubelet.job_complete(job)
    eventually(lambda: model(api) == {})
    deliver(api)
    eventually(lambda: phase(api) == "Succeeded")


def test_job_that_only_waits_holds_no_model(
    api: KubeApi, operator: OperatorProcess, eventually: Eventually
) -> None:
    api.apply(AIMODEL, aimodel(), manager="kubectl")
    eventually(lambda: ready(api)[0] == "Ready")
    api.apply(INFERENCEJOB, inferencejob(suspend=True), manager="kubectl")
    eventually(lambda: phase(api))
    api.delete(AIMODEL, NAMESPACE, MODEL)
    assert model(api) == {}
    api.apply(INFERENCEJOB, inferencejob(), manager="kubectl")
    eventually(lambda: "ModelNotFound" in str(api.get(INFERENCEJOB, NAMESPACE, "route-s0-1")))


def test_operator_that_is_stopped_leaves_no_model_that_cannot_go(
    api: KubeApi, operator: OperatorProcess, kubelet: Kubelet, eventually: Eventually
) -> None:
    begin(api, kubelet, eventually)
    eventually(lambda: finalizers(api) == [names.FINALIZER_IN_USE])
    assert operator.stop() == 0
    assert finalizers(api) == []
    api.delete(AIMODEL, NAMESPACE, MODEL)
    assert model(api) == {}


def test_missing_secret_is_named_until_it_is_there(
    api: KubeApi, operator: OperatorProcess, eventually: Eventually
) -> None:
    api.apply(AIMODEL, aimodel(imagePullSecrets=[{"name": "registry"}]), manager="kubectl")
    eventually(lambda: ready(api)[0] == "SecretNotFound")
    assert "registry" in ready(api)[1]
    secret = {"metadata": {"name": "registry", "namespace": NAMESPACE}, "data": {}}
    api.apply(SECRET, secret, manager="kubectl")
    other = aimodel(imagePullSecrets=[{"name": "registry"}], title="Looked at again")
    api.apply(AIMODEL, other, manager="kubectl")
    eventually(lambda: ready(api)[0] == "Ready")


def test_image_that_cannot_be_pulled_shows_on_the_model(
    api: KubeApi, operator: OperatorProcess, kubelet: Kubelet, eventually: Eventually
) -> None:
    _, pod = begin(api, kubelet, eventually)
    kubelet.pod_status(pod, "Pending", ended("fetch"), waiting("model", "ImagePullBackOff"))
    eventually(lambda: ready(api)[0] == "ImagePullFailed")
    assert IMAGE in ready(api)[1]
    kubelet.pod_status(pod, "Running", ended("fetch"), ended("model"))
    eventually(lambda: ready(api)[0] == "Ready")


def test_devices_are_claimed_by_what_the_api_server_takes(
    api: KubeApi, operator: OperatorProcess, eventually: Eventually
) -> None:
    devices = {"gpu": {"deviceClass": "gpu.example.com", "count": 2}}
    api.apply(AIMODEL, aimodel(resources=devices), manager="kubectl")
    api.apply(INFERENCEJOB, inferencejob(), manager="kubectl")
    (job,) = eventually(lambda: api.list(JOB, NAMESPACE))
    (template,) = api.list(CLAIM_TEMPLATE, NAMESPACE)
    spec = job["spec"]["template"]["spec"]
    (claim,) = spec["resourceClaims"]
    assert claim["resourceClaimTemplateName"] == template["metadata"]["name"]
    (request,) = template["spec"]["spec"]["devices"]["requests"]
    assert request["exactly"]["count"] == 2
    (own,) = [c for c in spec["initContainers"] if c["name"] == "model"]
    assert own["resources"]["claims"] == [{"name": claim["name"]}]
    assert template["metadata"]["ownerReferences"][0]["kind"] == "InferenceJob"
