from typing import Any

import pytest
from tests.api.conftest import Eventually, OperatorProcess, connect
from tests.api.control_plane import NAMESPACE, OPERATOR_TOKEN, ControlPlane
from tests.api.test_job_runs_once_to_its_end import start_job, status_of
from tests.support.make import aimodel, channel, condition, inferencejob, label

from meninx.base.errors import BadInput, Conflict, NotFound, Unauthorised
from meninx.controller.actions import WriteStatus
from meninx.controller.apply import Applier
from meninx.kube.client import KubeApi
from meninx.kube.kinds import AIMODEL, INFERENCEJOB, JOB, POD, SECRET

pytestmark = [pytest.mark.api, pytest.mark.timeout(120)]


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (aimodel(image=""), "spec.image"),
        (aimodel(channels=[]), "spec.channels"),
        (aimodel(channels=[channel("T1 C")]), "spec.channels"),
        (aimodel(labels=[label(value=0)]), "spec.labels"),
        (aimodel(timeoutSeconds=0), "spec.timeoutSeconds"),
        (aimodel(weights={"sha256": "short"}), "spec.weights.sha256"),
    ],
    ids=["image", "no-channel", "channel-name", "label-value", "timeout", "digest"],
)
def test_wrong_model_is_refused_with_the_field(
    api: KubeApi, manifest: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        api.apply(AIMODEL, manifest, manager="kubectl")


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (inferencejob(priority="Now"), "spec.priority"),
        (inferencejob(retries=99), "spec.retries"),
        (inferencejob(input={"study": "s", "channels": []}), "needs channels: which series"),
        (inferencejob(destinations=[{"name": "Not A Name"}]), "spec.destinations"),
    ],
    ids=["priority", "retries", "no-channel", "destination"],
)
def test_wrong_job_is_refused_with_the_field(
    api: KubeApi, manifest: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        api.apply(INFERENCEJOB, manifest, manager="kubectl")


def test_each_condition_has_one_owner(
    api: KubeApi, operator: OperatorProcess, eventually: Eventually
) -> None:
    start_job(api, eventually)
    eventually(lambda: status_of(api).get("jobName"))
    stored = {"conditions": [condition("Stored", reason="Stored")], "results": {"findings": 0}}
    manifest = {"metadata": {"name": "route-s0-1", "namespace": NAMESPACE}, "status": stored}
    after = api.apply(INFERENCEJOB, manifest, manager="meninx-delivery", subresource="status")
    types = {c["type"] for c in after["status"]["conditions"]}
    assert types == {"Admitted", "InputReady", "Inferred", "Stored"}
    owners = {entry["manager"] for entry in after["metadata"]["managedFields"]}
    assert owners == {"kubectl", "meninx-operator", "meninx-delivery"}


def test_status_decided_on_an_older_state_is_refused(api: KubeApi) -> None:
    made = api.apply(INFERENCEJOB, inferencejob(), manager="kubectl")
    api.apply(INFERENCEJOB, inferencejob(suspend=True), manager="kubectl")
    status = WriteStatus({"phase": "Failed"})
    hands = Applier(api, INFERENCEJOB)
    with pytest.raises(Conflict):
        hands.do(made, status)
    now = api.get(INFERENCEJOB, NAMESPACE, "route-s0-1")
    assert now is not None
    hands.do(now, status)
    assert status_of(api)["phase"] == "Failed"


def test_status_of_a_deleted_job_is_not_found(api: KubeApi) -> None:
    manifest = {"metadata": {"name": "gone", "namespace": NAMESPACE}, "status": {}}
    with pytest.raises(NotFound):
        api.apply(INFERENCEJOB, manifest, manager="meninx-operator", subresource="status")


@pytest.mark.rule("least-privilege")
def test_operator_may_do_no_more_than_it_needs(plane: ControlPlane) -> None:
    operator = connect(plane, OPERATOR_TOKEN)
    with pytest.raises(Unauthorised):
        operator.list(SECRET, NAMESPACE)
    with pytest.raises(Unauthorised):
        operator.list(POD, "kube-system")
    assert operator.list(JOB, NAMESPACE) == []


def test_same_event_is_kept_once(api: KubeApi) -> None:
    made = api.apply(INFERENCEJOB, inferencejob(), manager="kubectl")
    for _ in range(3):
        api.event(made, type="Normal", reason="Admitted", message="m", component="tests")
