from typing import Any

import kopf
import pytest
from tests.support.make import aimodel, inferencejob
from tests.support.workload import node, pod

from meninx.controller.handlers import Nodes, keys_for, register
from meninx.controller.keys import SWEEP, Key
from meninx.controller.startup import (
    CLIENT_WATCH_SECONDS,
    WATCH_SECONDS,
    PatientBackoff,
    Stuck,
    configure,
    log_in,
)
from meninx.controller.startup import register as register_probes

JOB = Key("InferenceJob", "meninx", "route-s0-1")


def _pod(**metadata: Any) -> dict[str, Any]:
    made = pod()
    made["metadata"] |= {"namespace": "meninx", **metadata}
    return {**made, "kind": "Pod"}


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        (inferencejob(), (JOB,)),
        (aimodel(), (Key("AIModel", "meninx", "unet-meningioma"), Key(SWEEP))),
        (_pod(labels={"meninx.io/inference-job": "route-s0-1"}), (JOB,)),
        (
            _pod(
                labels={"meninx.io/inference-job": "cut-1234"},
                annotations={"meninx.io/inference-job": "route-s0-1"},
            ),
            (JOB,),
        ),
        (_pod(labels={"app": "other"}), ()),
    ],
    ids=["job", "model", "pod", "pod-of-a-long-name", "foreign-pod"],
)
def test_changed_object_puts_its_keys(body: dict[str, Any], keys: tuple[Key, ...]) -> None:
    assert keys_for(body) == keys


@pytest.mark.parametrize(
    ("later", "gone", "differs"),
    [
        (node(), False, False),
        (node() | {"spec": {"unschedulable": True}}, False, False),
        (node(gpus="2"), False, True),
        (node(pool="x"), False, True),
        (node(), True, True),
    ],
    ids=["heartbeat", "cordon", "gpus", "labels", "gone"],
)
def test_node_counts_only_where_it_changes_what_models_ask_for(
    later: dict[str, Any], gone: bool, differs: bool
) -> None:
    nodes = Nodes()
    assert nodes.differ(node(), gone=False)
    assert nodes.differ(later, gone=gone) is differs


async def test_five_kinds_are_watched_and_nothing_is_handled_by_kopf() -> None:
    registry = kopf.OperatorRegistry()
    seen: list[Key] = []
    register(registry, seen.append)
    handlers = list(registry._watching.get_all_handlers())
    watched = {str(handler.selector) for handler in handlers}
    assert len(watched) == 5
    assert not list(registry._changing.get_all_handlers())
    assert not list(registry._spawning.get_all_handlers())


def test_watches_end_by_themselves_and_the_client_waits_longer() -> None:
    settings = kopf.OperatorSettings()
    configure(settings)
    assert settings.watching.server_timeout == WATCH_SECONDS
    assert settings.watching.client_timeout == CLIENT_WATCH_SECONDS
    assert CLIENT_WATCH_SECONDS >= WATCH_SECONDS
    assert settings.watching.connect_timeout
    assert settings.networking.request_timeout


def test_kopf_neither_peers_nor_posts_events_nor_scans_the_cluster() -> None:
    settings = kopf.OperatorSettings()
    configure(settings)
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


@pytest.mark.parametrize("is_stuck", [True, False], ids=["stuck", "alive"])
def test_liveness_fails_only_without_progress(is_stuck: bool) -> None:
    registry = kopf.OperatorRegistry()
    register_probes(registry, lambda: is_stuck)
    (probe,) = (h.fn for h in registry._activities.get_all_handlers() if h.id == "progress")
    ask: Any = probe
    if not is_stuck:
        assert ask()
        return
    with pytest.raises(Stuck, match="restart the operator"):
        ask()
