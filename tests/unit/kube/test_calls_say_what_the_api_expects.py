import datetime as dt
from typing import Any

import pytest
from tests.support.api_server import scripted_server

from meninx.base.errors import BadInput, Conflict, NotFound, Unavailable
from meninx.kube.client import KubeApi
from meninx.kube.kinds import INFERENCEJOB, JOB, NODE, SECRET

ABSENT = {"kind": "Status", "message": 'jobs "a" not found', "details": {"name": "a"}}
MANIFEST = {"metadata": {"name": "a", "namespace": "ns"}, "spec": {"x": 1}}


class FixedClock:
    def now(self) -> dt.datetime:
        return dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def test_apply_is_server_side_and_names_its_manager() -> None:
    with scripted_server((200, {"metadata": {"name": "a"}})) as server:
        KubeApi(server.configuration()).apply(JOB, MANIFEST, manager="meninx-operator")
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("PATCH", "/apis/batch/v1/namespaces/ns/jobs/a")
    assert asked.query == {"fieldManager": ["meninx-operator"], "force": ["true"]}
    assert asked.headers["content-type"] == "application/apply-patch+yaml"
    assert asked.body == {"apiVersion": "batch/v1", "kind": "Job", **MANIFEST}


def test_status_is_applied_to_its_own_subresource() -> None:
    with scripted_server((200, {})) as server:
        api = KubeApi(server.configuration())
        api.apply(INFERENCEJOB, MANIFEST, manager="m", subresource="status")
    assert server.asked[0].path.endswith("/inferencejobs/a/status")


def test_absent_object_is_none_and_absent_kind_an_error() -> None:
    with scripted_server((404, ABSENT), (404, b"404 page not found")) as server:
        api = KubeApi(server.configuration())
        assert api.get(JOB, "ns", "a") is None
        with pytest.raises(NotFound, match="CRDs are installed"):
            api.get(INFERENCEJOB, "ns", "a")


def test_list_follows_pages_and_names_the_kind_of_items() -> None:
    pages: list[dict[str, Any]] = [
        {"metadata": {"continue": "more"}, "items": [{"metadata": {"name": "a"}}]},
        {"metadata": {}, "items": [{"metadata": {"name": "b"}}]},
    ]
    with scripted_server(*((200, page) for page in pages)) as server:
        found = KubeApi(server.configuration()).list(JOB, "ns", labels={"k": "v"})
    assert [(item["kind"], item["metadata"]["name"]) for item in found] == [
        ("Job", "a"),
        ("Job", "b"),
    ]
    assert server.asked[0].query["labelSelector"] == ["k=v"]
    assert server.asked[1].query["continue"] == ["more"]


def test_cluster_wide_kind_has_no_namespace_in_its_path() -> None:
    assert NODE.path(None, "n1") == "/api/v1/nodes/n1"
    assert SECRET.path("ns") == "/api/v1/namespaces/ns/secrets"


def test_delete_takes_children_along_and_checks_the_uid() -> None:
    with scripted_server((200, {})) as server:
        assert KubeApi(server.configuration()).delete(JOB, "ns", "a", uid="u")
    body = server.asked[0].body
    assert body is not None
    assert body["propagationPolicy"] == "Background"
    assert body["preconditions"] == {"uid": "u"}


@pytest.mark.parametrize("status", [404, 409], ids=["gone", "replaced"])
def test_delete_of_what_is_gone_is_no_error(status: int) -> None:
    with scripted_server((status, ABSENT)) as server:
        assert not KubeApi(server.configuration()).delete(JOB, "ns", "a", uid="u")


def test_conflict_on_delete_without_uid_is_told() -> None:
    with scripted_server((409, ABSENT)) as server, pytest.raises(Conflict):
        KubeApi(server.configuration()).delete(JOB, "ns", "a")


def test_same_event_again_changes_nothing_and_raises_nothing() -> None:
    involved = {"kind": "Job", "metadata": {"name": "a", "namespace": "ns", "uid": "u"}}
    with scripted_server((201, {}), (409, ABSENT)) as server:
        api = KubeApi(server.configuration(), FixedClock())
        for _ in range(2):
            api.event(involved, type="Normal", reason="R", message="m", component="c")
    first, second = server.asked
    assert first.body == second.body
    assert first.body is not None
    assert first.body["firstTimestamp"] == "2030-01-02T03:04:05Z"


def test_bearer_token_is_sent_with_each_call() -> None:
    with scripted_server((200, {})) as server:
        configuration = server.configuration()
        configuration.api_key["BearerToken"] = "Bearer secret"
        KubeApi(configuration).get(JOB, "ns", "a")
    assert server.asked[0].headers["authorization"] == "Bearer secret"


def test_closed_port_is_unavailable_and_names_the_object() -> None:
    with scripted_server((200, {})) as server:
        configuration = server.configuration()
    with pytest.raises(Unavailable, match="Job a: no answer"):
        KubeApi(configuration).get(JOB, "ns", "a")


def test_answer_that_is_not_json_is_unavailable() -> None:
    with scripted_server((200, b"<html>proxy</html>")) as server, pytest.raises(Unavailable):
        KubeApi(server.configuration()).get(JOB, "ns", "a")


def test_connect_without_any_configuration_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nowhere/config")
    with pytest.raises(BadInput, match="set KUBECONFIG"):
        KubeApi.connect()
