import base64
from typing import Any

import pytest
from tests.support.clock import FakeClock
from tests.support.fake_kube import FakeKube
from tests.support.make import NAMESPACE, inferencejob

from meninx.base.errors import Conflict
from meninx.base.tokens import Claims, verify
from meninx.controller.actions import (
    Action,
    ApplyClaimTemplate,
    ApplyCredential,
    CreateJob,
    DeleteJob,
    DeleteResource,
    Emit,
    SetInUse,
    SuspendJob,
    WriteStatus,
)
from meninx.controller.apply import Applier
from meninx.kube.kinds import CLAIM_TEMPLATE, INFERENCEJOB, JOB, SECRET
from meninx.resources import names

KEY = b"signing"
NAME = "route-s0-1"
CLAIMS = Claims(NAMESPACE, NAME, "uid", "s0", 1, 4_000_000_000)


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube()


@pytest.fixture
def resource(kube: FakeKube) -> dict[str, Any]:
    return kube.add(inferencejob())


def do(kube: FakeKube, resource: dict[str, Any], *actions: Action) -> None:
    for action in actions:
        Applier(kube, INFERENCEJOB, KEY).do(resource, action)


def job(spec: dict[str, Any] | None = None) -> CreateJob:
    metadata = {"name": "j", "namespace": NAMESPACE}
    manifest = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata}
    return CreateJob({**manifest, "spec": spec or {"backoffLimit": 2}})


def test_credential_is_a_secret_with_a_token_of_the_claims(
    kube: FakeKube, resource: dict[str, Any]
) -> None:
    do(kube, resource, ApplyCredential(CLAIMS))
    (name,) = kube.names("Secret")
    secret = kube.get(SECRET, NAMESPACE, name)
    assert secret is not None
    token = base64.b64decode(secret["data"]["token"]).decode()
    assert verify(KEY, token, FakeClock().now()) == CLAIMS
    assert secret["metadata"]["ownerReferences"][0]["uid"] == resource["metadata"]["uid"]


def test_doing_everything_twice_changes_nothing(kube: FakeKube, resource: dict[str, Any]) -> None:
    actions = (job(), ApplyCredential(CLAIMS), Emit("Normal", "Admitted", "m"))
    do(kube, resource, *actions)
    before = kube.get(JOB, NAMESPACE, "j")
    do(kube, resource, *actions)
    assert kube.get(JOB, NAMESPACE, "j") == before
    assert len(kube.events) == 1


def test_status_of_an_older_state_is_not_written(kube: FakeKube, resource: dict[str, Any]) -> None:
    do(kube, resource, WriteStatus({"phase": "Queued"}))
    with pytest.raises(Conflict):
        do(kube, resource, WriteStatus({"phase": "Failed"}))


def test_status_of_a_resource_that_is_gone_is_no_error(
    kube: FakeKube, resource: dict[str, Any]
) -> None:
    do(kube, resource, DeleteResource(), WriteStatus({"phase": "Failed"}))
    assert kube.names("InferenceJob") == []


def test_suspend_touches_nothing_else_of_the_job(kube: FakeKube, resource: dict[str, Any]) -> None:
    do(kube, resource, job())
    made = kube.get(JOB, NAMESPACE, "j")
    assert made is not None
    for wanted in (True, False):
        do(kube, resource, SuspendJob("j", made["metadata"]["uid"], wanted))
        now = kube.get(JOB, NAMESPACE, "j")
        assert now is not None
        assert now["spec"] == {"backoffLimit": 2, "suspend": wanted}


def test_deleting_the_resource_takes_its_children_along(
    kube: FakeKube, resource: dict[str, Any]
) -> None:
    do(kube, resource, ApplyCredential(CLAIMS), DeleteResource())
    assert kube.names("Secret") == []


def test_deleting_a_job_that_is_gone_is_no_error(kube: FakeKube, resource: dict[str, Any]) -> None:
    do(kube, resource, DeleteJob("never-was", "uid"))
    assert kube.names("Job") == []


def test_everything_is_written_under_the_operators_name(
    kube: FakeKube, resource: dict[str, Any]
) -> None:
    do(kube, resource, job(), ApplyCredential(CLAIMS), WriteStatus({"phase": "Queued"}))
    managers = {call.manager for call in kube.calls if call.verb == "apply"} - {""}
    assert managers == {names.FIELD_MANAGER_OPERATOR}


def test_template_of_a_claim_is_applied(kube: FakeKube, resource: dict[str, Any]) -> None:
    template = {"metadata": {"name": "j-gpu-1", "namespace": NAMESPACE}, "spec": {"spec": {}}}
    do(kube, resource, ApplyClaimTemplate(template))
    assert kube.get(CLAIM_TEMPLATE, NAMESPACE, "j-gpu-1") is not None


def test_deletion_waits_while_in_use_and_then_happens(
    kube: FakeKube, resource: dict[str, Any]
) -> None:
    do(kube, resource, SetInUse(True))
    kube.delete(INFERENCEJOB, NAMESPACE, NAME)
    held = kube.get(INFERENCEJOB, NAMESPACE, NAME)
    assert held is not None
    assert held["spec"] == resource["spec"], "nothing but the finalizer is ours"
    do(kube, held, SetInUse(False))
    assert kube.get(INFERENCEJOB, NAMESPACE, NAME) is None


def test_finalizer_of_one_that_is_gone_is_no_error(
    kube: FakeKube, resource: dict[str, Any]
) -> None:
    kube.delete(INFERENCEJOB, NAMESPACE, NAME)
    do(kube, resource, SetInUse(True))
    assert kube.names("InferenceJob") == []
