from typing import Any

import kopf
import pytest
from tests.support.make import aimodel, aipipeline, inferencejob
from tests.support.workload import node, pod

from meninx.controller import handlers
from meninx.controller.cache import Cache
from meninx.controller.census import Census
from meninx.controller.handlers import Dispatcher
from meninx.controller.keys import QUEUE, Key
from meninx.controller.startup import PatientBackoff, configure, log_in
from meninx.kube.kinds import AIMODEL, AIPIPELINE, INFERENCEJOB, NODE, POD, Kind
from meninx.kube.watch import WatchLimits

JOB = Key("InferenceJob", "meninx", "route-s0-1")
MODEL = Key("AIModel", "meninx", "unet-meningioma")
TURN = Key(QUEUE)


class Desk:
    """A cache with its dispatcher, and what was put."""

    def __init__(self) -> None:
        self.cache, self.census = Cache(), Census()
        self.put: list[Key] = []
        self.behind: set[Key] = set()
        self.cache.listen(Dispatcher(self.cache, self.census, self._put, "meninx"))
        self._version = 0

    def _put(self, key: Key, *, delay_seconds: float = 0.0, behind: bool = False) -> None:
        assert delay_seconds == (handlers.QUEUE_DELAY_SECONDS if key == TURN else 0.0)
        self.put.append(key)
        (self.behind.add if behind else self.behind.discard)(key)

    def tell(self, kind: Kind, manifest: dict[str, Any], type_: str = "MODIFIED") -> set[Key]:
        """Tell the cache of an object as it is now; return what was put for that."""
        self._version += 1
        facts = {"resourceVersion": str(self._version), "uid": manifest["metadata"]["name"]}
        told = {**manifest, "metadata": {**manifest["metadata"], **facts}}
        self.put.clear()
        self.cache.changed(kind, type_, told)
        return set(self.put)

    def write(self, kind: Kind, manifest: dict[str, Any]) -> set[Key]:
        """The same as the answer to a write of ours."""
        self._version += 1
        facts = {"resourceVersion": str(self._version), "uid": manifest["metadata"]["name"]}
        self.put.clear()
        self.cache.saw(kind, {**manifest, "metadata": {**manifest["metadata"], **facts}})
        return set(self.put)


def _pod(**metadata: Any) -> dict[str, Any]:
    made = pod()
    made["metadata"] |= {"namespace": "meninx", **metadata}
    return {**made, "kind": "Pod"}


LABELS = {"labels": {"meninx.io/inference-job": "route-s0-1"}}
LONG = {
    "labels": {"meninx.io/inference-job": "cut-1234"},
    "annotations": {"meninx.io/inference-job": "route-s0-1"},
}


@pytest.mark.parametrize(
    ("kind", "manifest", "keys"),
    [
        (INFERENCEJOB, inferencejob(), {JOB, TURN}),
        (AIMODEL, aimodel(), {MODEL, TURN}),
        (POD, _pod(**LABELS), {JOB}),
        (POD, _pod(**LONG), {JOB}),
        (POD, _pod(labels={"app": "other"}), set()),
    ],
    ids=["job", "model", "pod", "pod-of-a-long-name", "foreign-pod"],
)
def test_changed_object_puts_its_keys(kind: Kind, manifest: dict[str, Any], keys: set[Key]) -> None:
    assert Desk().tell(kind, manifest) == keys


@pytest.mark.parametrize(
    ("phase", "behind"), [(None, True), ("Queued", True), ("Running", False), ("Succeeded", False)]
)
def test_job_that_holds_nothing_lets_others_go_first(phase: str | None, behind: bool) -> None:
    desk = Desk()
    desk.tell(INFERENCEJOB, inferencejob(status={"phase": phase} if phase else {}))
    assert (JOB in desk.behind) == behind
    desk.tell(POD, _pod(**LABELS))
    assert JOB not in desk.behind


def test_model_goes_before_the_jobs_that_it_wakes() -> None:
    desk = Desk()
    desk.tell(INFERENCEJOB, inferencejob(status={"phase": "Running"}))
    assert desk.tell(AIMODEL, aimodel()) == {MODEL, JOB, TURN}
    assert desk.behind == {JOB}


def test_model_that_changes_wakes_its_jobs_and_those_of_its_pipelines() -> None:
    desk = Desk()
    chain = aipipeline()
    used = next(step["modelRef"]["name"] for step in chain["spec"]["steps"] if "modelRef" in step)
    of_chain = inferencejob("of-chain")
    of_chain["spec"] = {**of_chain["spec"], "pipelineRef": {"name": chain["metadata"]["name"]}}
    of_chain["spec"].pop("modelRef")
    desk.tell(AIPIPELINE, chain)
    desk.tell(INFERENCEJOB, of_chain)
    put = desk.tell(AIMODEL, aimodel(used))
    assert Key("AIPipeline", "meninx", chain["metadata"]["name"]) in put
    assert Key("InferenceJob", "meninx", "of-chain") in put


def test_own_write_only_asks_whose_turn_it_is() -> None:
    desk = Desk()
    desk.tell(INFERENCEJOB, inferencejob())
    assert desk.write(INFERENCEJOB, inferencejob(status={"phase": "Running"})) == {TURN}
    (sort,) = desk.census.counts()
    assert sort.phase == "Running"


def test_own_word_on_a_model_wakes_its_jobs_but_not_the_model() -> None:
    desk = Desk()
    desk.tell(AIMODEL, aimodel())
    desk.tell(INFERENCEJOB, inferencejob())
    ready = aimodel(status={"conditions": [{"type": "Ready", "status": "True"}]})
    assert desk.write(AIMODEL, ready) == {JOB, TURN}


def test_job_that_is_gone_is_looked_at_and_no_longer_counted() -> None:
    desk = Desk()
    desk.tell(INFERENCEJOB, inferencejob())
    assert desk.tell(INFERENCEJOB, inferencejob(), "DELETED") == {JOB, TURN}
    assert not desk.census.counts()


def _unschedulable() -> dict[str, Any]:
    return {**node(), "spec": {"unschedulable": True}}


def _heartbeat() -> dict[str, Any]:
    made = node()
    beat = {"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-01-05T09:00:00Z"}
    return {**made, "status": {**made["status"], "conditions": [beat]}}


@pytest.mark.parametrize(
    ("before", "later", "type_", "differs"),
    [
        (node(), node(), "MODIFIED", False),
        (_heartbeat(), _heartbeat(), "MODIFIED", False),
        (node(), _unschedulable(), "MODIFIED", True),
        (node(), node(gpus="2"), "MODIFIED", True),
        (node(), node(pool="x"), "MODIFIED", True),
        (node(), node(), "DELETED", True),
    ],
    ids=["same", "heartbeat", "cordon", "gpus", "labels", "gone"],
)
def test_node_counts_only_where_its_offer_changes(
    before: dict[str, Any], later: dict[str, Any], type_: str, differs: bool
) -> None:
    desk = Desk()
    desk.tell(AIMODEL, aimodel())
    desk.tell(NODE, before)
    assert desk.tell(NODE, later, type_) >= ({MODEL, TURN} if differs else set())
    assert bool(desk.put) is differs


async def test_kopf_watches_only_what_there_are_few_of_and_handles_nothing() -> None:
    registry = kopf.OperatorRegistry()
    handlers.register(registry, Cache())
    watched = {str(handler.selector) for handler in registry._watching.get_all_handlers()}
    assert len(watched) == len(handlers.BY_KOPF)
    assert not list(registry._changing.get_all_handlers())
    assert not list(registry._spawning.get_all_handlers())


def test_every_watch_ends_by_itself_and_the_client_waits_longer() -> None:
    settings, limits = kopf.OperatorSettings(), WatchLimits()
    configure(settings, limits)
    assert settings.watching.server_timeout == limits.server_seconds
    assert settings.watching.client_timeout == limits.client_seconds
    assert limits.client_seconds >= limits.server_seconds
    assert settings.watching.connect_timeout
    assert settings.networking.request_timeout


def test_kopf_neither_peers_nor_posts_events_nor_scans_the_cluster() -> None:
    settings = kopf.OperatorSettings()
    configure(settings, WatchLimits())
    assert settings.peering.standalone
    assert not settings.posting.enabled
    assert settings.scanning.disabled


def test_an_api_server_that_is_away_never_ends_the_operator() -> None:
    delays = iter(PatientBackoff())
    first = [next(delays) for _ in range(1000)]
    assert first[:4] == [1.0, 2.0, 5.0, 10.0]
    assert max(first) == 10.0


@pytest.mark.parametrize("with_file", [True, False], ids=["kubeconfig", "pod"])
def test_login_follows_where_it_runs(with_file: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[str] = []
    monkeypatch.setattr(kopf, "login_with_kubeconfig", lambda **_: used.append("kubeconfig"))
    monkeypatch.setattr(kopf, "login_with_service_account", lambda **_: used.append("pod"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    if with_file:
        monkeypatch.setenv("KUBECONFIG", "file")
    log_in()
    assert used == ["kubeconfig" if with_file else "pod"]
