"""A TrainingJob against the real API server: what it may write, what is refused, what comes of it."""

import base64
import json
from typing import Any

import pytest
from tests.api.conftest import Eventually, OperatorProcess
from tests.api.control_plane import NAMESPACE
from tests.api.kubelet import Kubelet, ended, running, waiting
from tests.support.make import aimodel, inferencejob, trainingjob
from tests.support.trainings import message, quality

from meninx.base.clock import SystemClock
from meninx.base.errors import BadInput, MeninxError
from meninx.base.tokens import verify
from meninx.kube.client import KubeApi
from meninx.kube.kinds import AIMODEL, EVENT, INFERENCEJOB, JOB, SECRET, TRAININGJOB

pytestmark = [pytest.mark.api, pytest.mark.timeout(120)]


def status_of(api: KubeApi, name: str = "second") -> dict[str, Any]:
    resource = api.get(TRAININGJOB, NAMESPACE, name)
    assert resource is not None
    status: dict[str, Any] = resource.get("status") or {}
    return status


def current_of(api: KubeApi) -> str | None:
    head = api.get(AIMODEL, NAMESPACE, "unet-meningioma")
    assert head is not None
    current: str | None = (head["spec"].get("current") or {}).get("name")
    return current


def measured(api: KubeApi, dice: float) -> None:
    """Have the current model, measured as a person writes it down."""
    api.apply(AIMODEL, aimodel(), manager="kubectl")
    status = {"metadata": aimodel()["metadata"], "status": {"quality": quality(dice)}}
    api.apply(AIMODEL, status, manager="kubectl", subresource="status")


def train(
    api: KubeApi, kubelet: Kubelet, eventually: Eventually, *, dice: float, **spec: Any
) -> dict[str, Any]:
    """Run a training to its end; return its Kubernetes Job."""
    api.apply(TRAININGJOB, trainingjob(**spec), manager="kubectl")
    (job,) = eventually(lambda: api.list(JOB, NAMESPACE))
    pod = kubelet.pod(job)
    kubelet.pod_status(pod, "Succeeded", ended("train", message=message(dice)))
    kubelet.job_complete(job)
    return dict(job)


def test_better_version_is_registered_and_promoted(
    api: KubeApi, operator: OperatorProcess, kubelet: Kubelet, eventually: Eventually
) -> None:
    measured(api, 0.7)
    train(api, kubelet, eventually, dice=0.8)
    eventually(lambda: status_of(api).get("phase") == "Succeeded")
    assert current_of(api) == "unet-meningioma-2"
    made = api.get(AIMODEL, NAMESPACE, "unet-meningioma-2")
    assert made is not None
    assert made["status"]["quality"] == {**quality(0.8), "measuredBy": "second"}
    assert made["spec"]["weights"]["uri"] == "pvc://trained/second/weights/model.onnx"
    eventually(
        lambda: "conditions" in (api.get(AIMODEL, NAMESPACE, "unet-meningioma-2") or {})["status"]
    )
    assert made["spec"]["versionOf"] == {"name": "unet-meningioma"}
    assert status_of(api)["gate"]["decision"] == "Promote"


def test_worse_version_is_registered_and_not_promoted(
    api: KubeApi, operator: OperatorProcess, kubelet: Kubelet, eventually: Eventually
) -> None:
    measured(api, 0.9)
    train(api, kubelet, eventually, dice=0.8)
    eventually(lambda: status_of(api).get("phase") == "Succeeded")
    assert current_of(api) is None
    gate = status_of(api)["gate"]
    assert (gate["decision"], gate["reason"]) == ("Keep", "NotBetter")
    assert (gate["current"], gate["candidate"]) == (0.9, 0.8)
    assert api.get(AIMODEL, NAMESPACE, "unet-meningioma-2") is not None
    reasons = {
        e["reason"] for e in api.list(EVENT, NAMESPACE) if e["involvedObject"]["name"] == "second"
    }
    assert {"Trained", "Registered", "NotBetter"} <= reasons


def test_training_of_an_absent_model_waits_for_it(
    api: KubeApi, operator: OperatorProcess, kubelet: Kubelet, eventually: Eventually
) -> None:
    api.apply(TRAININGJOB, trainingjob(), manager="kubectl")
    eventually(lambda: status_of(api).get("phase") == "Pending")
    assert status_of(api)["conditions"][0]["reason"] == "ModelNotFound"
    api.apply(AIMODEL, aimodel(), manager="kubectl")
    eventually(lambda: api.list(JOB, NAMESPACE))


def test_training_is_held_back_and_goes_on(
    api: KubeApi, operator: OperatorProcess, kubelet: Kubelet, eventually: Eventually
) -> None:
    api.apply(AIMODEL, aimodel(), manager="kubectl")
    api.apply(TRAININGJOB, trainingjob(suspend=True), manager="kubectl")
    eventually(lambda: status_of(api).get("phase") == "Pending")
    api.apply(TRAININGJOB, trainingjob(suspend=False), manager="kubectl")
    (job,) = eventually(lambda: api.list(JOB, NAMESPACE))
    api.apply(TRAININGJOB, trainingjob(suspend=True), manager="kubectl")
    eventually(lambda: _suspended(api, job))
    api.apply(TRAININGJOB, trainingjob(suspend=False), manager="kubectl")
    eventually(lambda: not _suspended(api, job))


@pytest.mark.rule("least-privilege")
def test_training_from_the_store_gets_a_credential_and_makes_its_data_set_first(
    api: KubeApi, operator: OperatorProcess, kubelet: Kubelet, eventually: Eventually
) -> None:
    api.apply(AIMODEL, aimodel(), manager="kubectl")
    store = {"segments": [{"label": "Meningioma"}]}
    api.apply(TRAININGJOB, trainingjob(data={"store": store}), manager="kubectl")
    (job,) = eventually(lambda: api.list(JOB, NAMESPACE))
    (secret,) = [s for s in api.list(SECRET, NAMESPACE) if "token" in (s.get("data") or {})]
    token = base64.b64decode(secret["data"]["token"]).decode()
    claims = verify(operator.key_file.read_bytes(), token, SystemClock().now())
    assert (claims.reads, claims.study, claims.job) == ("segmented", "", "second")
    assert secret["metadata"]["ownerReferences"][0]["kind"] == "TrainingJob"
    pod = kubelet.pod(job)
    kubelet.pod_status(pod, "Running", running("collect"), waiting("train", "PodInitializing"))
    eventually(lambda: _trained(api) == "Collecting")
    said = json.dumps({"pairs": 12, "broken": 0, "passedOver": 2})
    kubelet.pod_status(pod, "Running", ended("collect", message=said), running("train"))
    eventually(lambda: _trained(api) == "Training")
    assert status_of(api)["data"] == {"pairs": 12, "broken": 0, "passedOver": 2}


def _trained(api: KubeApi) -> str:
    conditions = status_of(api).get("conditions") or ()
    return next((one["reason"] for one in conditions if one["type"] == "Trained"), "")


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown loss": ({"plan": {"preset": "unet", "epochs": 1, "loss": "Best"}}, "plan.loss"),
    "no preset": ({"plan": {"epochs": 1}}, "plan.preset"),
    "a warm-up that is none": (
        {"plan": {"preset": "unet", "schedule": {"name": "Plateau", "warmUpEpochs": 1}}},
        "has no warm-up",
    ),
    "a version of itself": (
        {"register": {"name": "a", "version": "1", "from": "a"}}, "can't be the one it is made from",
    ),
    "output over data": (
        {"output": {"volumeClaim": {"claimName": "data", "path": "heads"}}}, "another folder",
    ),
    "several GPUs and no command": ({"resources": {"gpu": {"count": 2}}}, "torchrun starts it"),
    "two data sets": (
        {"data": {"volumeClaim": {"claimName": "data"}, "store": {"segments": [{"label": "a"}]}}},
        "exactly one of volumeClaim, store",
    ),
    "no data set": ({"data": {}}, "exactly one of volumeClaim, store"),
    "no segment": ({"data": {"store": {"segments": []}}}, "store.segments"),
    "a segment that nothing tells": ({"data": {"store": {"segments": [{"value": 2}]}}}, "label, type"),
    "days in the wrong order": (
        {"data": {"store": {"segments": [{"label": "a"}],
                            "studyDates": {"from": "2026-02-01", "to": "2026-01-01"}}}},
        "from must not be after to",
    ),
    "a path that leads out": (
        {"data": {"volumeClaim": {"claimName": "data", "path": "../x"}}}, "volumeClaim.path",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_training_is_refused_with_help(api: KubeApi, case: str) -> None:
    spec, words = WRONG[case]
    with pytest.raises(BadInput, match=words):
        api.create(TRAININGJOB, trainingjob(**spec))


def test_plan_of_a_training_never_changes(api: KubeApi) -> None:
    api.apply(TRAININGJOB, trainingjob(), manager="kubectl")
    with pytest.raises(MeninxError, match=r"spec\.plan can't be changed"):
        api.apply(
            TRAININGJOB, trainingjob(plan={"preset": "unet", "epochs": 21}), manager="kubectl"
        )


def test_job_of_a_study_goes_before_a_training(
    api: KubeApi, operator: OperatorProcess, kubelet: Kubelet, eventually: Eventually
) -> None:
    kubelet.node(gpus="1")
    api.apply(AIMODEL, aimodel(), manager="kubectl")
    api.apply(INFERENCEJOB, inferencejob("holds-the-gpu"), manager="kubectl")
    eventually(lambda: api.list(JOB, NAMESPACE))
    api.apply(TRAININGJOB, trainingjob(), manager="kubectl")
    eventually(lambda: status_of(api).get("phase") == "Queued")
    api.apply(INFERENCEJOB, inferencejob("comes-later"), manager="kubectl")
    eventually(lambda: status_of(api).get("queue", {}).get("ahead") == ["comes-later"])


def test_training_gives_way_to_a_stat_and_goes_on_after_it(
    api: KubeApi, stopped_operator: OperatorProcess, kubelet: Kubelet, eventually: Eventually
) -> None:
    kubelet.node(gpus="1")
    stopped_operator.preempt = True
    stopped_operator.start()
    api.apply(AIMODEL, aimodel(), manager="kubectl")
    api.apply(TRAININGJOB, trainingjob(), manager="kubectl")
    (job,) = eventually(lambda: api.list(JOB, NAMESPACE))
    pod = kubelet.pod(job)
    kubelet.pod_status(pod, "Running", running("train"))
    eventually(lambda: status_of(api).get("phase") == "Running")
    api.apply(INFERENCEJOB, inferencejob(priority="Stat"), manager="kubectl")
    eventually(lambda: _suspended(api, job))
    kubelet.pod_status(pod, "Failed", ended("train", 143))
    (stat,) = eventually(lambda: [j for j in api.list(JOB, NAMESPACE) if _is_of_a_study(j)])
    kubelet.job_complete(stat)
    eventually(lambda: not _suspended(api, job))
    attempts = status_of(api)["failedAttempts"]
    assert [(a["reason"], a["counts"]) for a in attempts] == [("Preempted", False)]


def _is_of_a_study(job: dict[str, Any]) -> bool:
    return "meninx.io/inference-job" in job["metadata"]["labels"]


def _suspended(api: KubeApi, job: dict[str, Any]) -> bool:
    now = api.get(JOB, NAMESPACE, job["metadata"]["name"])
    return bool(now and now["spec"].get("suspend"))
