from typing import Any

import pytest
from tests.support import make
from tests.support.fake_kube import Call, FakeKube

from meninx.base.errors import Conflict, NotFound, Unavailable
from meninx.kube.client import Api
from meninx.kube.kinds import STUDYROUTE


def _status(*types: str, **fields: Any) -> dict[str, Any]:
    conditions = [make.condition(one) for one in types]
    return make.manifest("StudyRoute", "r", {}, status={"conditions": conditions, **fields})


@pytest.fixture
def kube() -> FakeKube:
    made = FakeKube()
    made.add(make.studyroute("r"))
    return made


def _read(kube: FakeKube) -> dict[str, Any]:
    found = kube.get(STUDYROUTE, make.NAMESPACE, "r")
    assert found is not None
    return found


def test_two_managers_share_the_list_of_conditions(kube: FakeKube) -> None:
    kube.apply(STUDYROUTE, _status("Stored"), manager="a", subresource="status")
    kube.apply(STUDYROUTE, _status("Inferred"), manager="b", subresource="status")
    assert make.conditions_of(_read(kube)).keys() == {"Stored", "Inferred"}


def test_field_no_longer_applied_goes_away_with_its_only_owner(kube: FakeKube) -> None:
    kube.apply(STUDYROUTE, _status("Valid", matched=3), manager="a", subresource="status")
    kube.apply(STUDYROUTE, _status("Other"), manager="a", subresource="status")
    assert make.conditions_of(_read(kube)).keys() == {"Other"}
    assert "matched" not in _read(kube)["status"]


def test_field_that_another_manager_took_over_stays(kube: FakeKube) -> None:
    kube.apply(STUDYROUTE, _status(matched=3), manager="a", subresource="status")
    kube.apply(STUDYROUTE, _status(matched=4), manager="b", subresource="status")
    kube.apply(STUDYROUTE, _status(refused=1), manager="a", subresource="status")
    assert _read(kube)["status"]["matched"] == 4


def test_status_never_travels_with_the_spec(kube: FakeKube) -> None:
    kube.apply(STUDYROUTE, make.studyroute("r", status={"matched": 9}), manager="a")
    assert "matched" not in _read(kube).get("status", {})


def test_generation_follows_the_spec_and_version_every_change(kube: FakeKube) -> None:
    first = _read(kube)["metadata"]
    kube.apply(STUDYROUTE, _status("Valid"), manager="a", subresource="status")
    second = _read(kube)["metadata"]
    kube.apply(STUDYROUTE, make.studyroute("r", suspend=True), manager="kubectl")
    third = _read(kube)["metadata"]
    assert [m["generation"] for m in (first, second, third)] == [1, 1, 2]
    assert len({m["resourceVersion"] for m in (first, second, third)}) == 3


def test_same_apply_again_changes_nothing(kube: FakeKube) -> None:
    kube.apply(STUDYROUTE, _status("Valid"), manager="a", subresource="status")
    before = _read(kube)
    kube.apply(STUDYROUTE, _status("Valid"), manager="a", subresource="status")
    assert _read(kube) == before


def test_status_of_an_object_that_is_gone_is_refused(kube: FakeKube) -> None:
    kube.delete(STUDYROUTE, make.NAMESPACE, "r")
    with pytest.raises(NotFound):
        kube.apply(STUDYROUTE, _status("Valid"), manager="a", subresource="status")


def test_old_resource_version_is_a_conflict(kube: FakeKube) -> None:
    old = make.studyroute("r", metadata={"resourceVersion": "999"})
    with pytest.raises(Conflict):
        kube.apply(STUDYROUTE, old, manager="a")


def test_owned_objects_go_with_their_owner(kube: FakeKube) -> None:
    owner = {"uid": _read(kube)["metadata"]["uid"]}
    kube.add(make.inferencejob("j", metadata={"ownerReferences": [owner]}))
    assert kube.delete(STUDYROUTE, make.NAMESPACE, "r")
    assert kube.names("InferenceJob") == []


def test_same_event_twice_is_one_event_that_counts(kube: FakeKube) -> None:
    for _ in range(2):
        kube.event(_read(kube), type="Warning", reason="X", message="m", component="routing")
    assert len(kube.events) == 1
    assert kube.event_counts[kube.events[0]] == 2


def test_outage_reaches_the_caller_and_is_listed(kube: FakeKube) -> None:
    def away(call: Call) -> None:
        raise Unavailable("API server away")

    kube.fault = away
    with pytest.raises(Unavailable):
        kube.list(STUDYROUTE, make.NAMESPACE)
    assert kube.calls[-1].verb == "list"


def test_fake_can_stand_where_the_api_is_asked_for(kube: FakeKube) -> None:
    api: Api = kube
    other = api.delete(STUDYROUTE, make.NAMESPACE, "r", uid="another")
    assert not other
    assert kube.names("StudyRoute") == ["r"]
