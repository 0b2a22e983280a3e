"""Level-based: the operator may be killed before any of its calls, and all ends as without that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.cached import reconciler
from tests.support.clock import FakeClock
from tests.support.fake_kube import Call, FakeKube
from tests.support.make import NAMESPACE, aimodel, condition, inferencejob
from tests.support.workload import ended, node, pod, running, waiting

from meninx.base.errors import BadInput, Unauthorised, Unavailable
from meninx.controller.job.telling import SETTLE_SECONDS
from meninx.controller.keys import SWEEP, Key
from meninx.controller.metrics import Metrics
from meninx.controller.settings import PodSettings, Settings
from meninx.kube.kinds import INFERENCEJOB, JOB, POD
from meninx.resources import names

SETTINGS = Settings(NAMESPACE, PodSettings("meninx", "http://store"), signing_key=b"k")
NAME = "route-s0-1"
WRITES = {"apply", "delete", "event"}


class Killed(BaseException):
    """The operator's process ended in the middle."""


@dataclass
class World:
    """An API server, and the hands that are not the operator's."""

    clock: FakeClock = field(default_factory=FakeClock)
    kube: FakeKube = field(init=False)

    def __post_init__(self) -> None:
        self.kube = FakeKube(self.clock)
        self.kube.add(node())
        self.kube.add(aimodel())

    def job(self) -> dict[str, Any]:
        (made,) = self.kube.list(JOB, NAMESPACE)
        return made

    def status(self) -> dict[str, Any]:
        resource = self.kube.get(INFERENCEJOB, NAMESPACE, NAME)
        return dict(resource["status"]) if resource else {}

    def show_pod(self, *containers: dict[str, Any], attempt: int = 1, **status: Any) -> None:
        shown = pod(*containers, name=f"attempt-{attempt}", **status)
        job = self.job()
        shown["metadata"] |= {
            "namespace": NAMESPACE,
            "labels": {names.LABEL_JOB: NAME},
            "ownerReferences": [{"uid": job["metadata"]["uid"]}],
        }
        shown["metadata"].pop("creationTimestamp")
        self.kube.add({"apiVersion": "v1", "kind": "Pod", **shown}, manager="kubelet")

    def end_job(self, type_: str) -> None:
        metadata = {"name": self.job()["metadata"]["name"], "namespace": NAMESPACE}
        manifest = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata}
        said = {"conditions": [condition(type_, reason="Said")]}
        self.kube.apply(
            JOB, {**manifest, "status": said}, manager="controller", subresource="status"
        )

    def delivered(self, status: str, reason: str) -> None:
        manifest = inferencejob(
            status={"conditions": [condition("Delivered", status, reason=reason)]}
        )
        self.kube.apply(INFERENCEJOB, manifest, manager="meninx-delivery", subresource="status")


Step = Callable[[World], Any]

FETCHED, DONE = ended("fetch"), [ended("fetch"), ended("model"), ended("deliver")]
CREATE: list[Step] = [lambda w: w.kube.add(inferencejob(ttlSecondsAfterFinished=3600))]
RUN: list[Step] = [
    lambda w: w.show_pod(waiting("fetch")),
    lambda w: w.show_pod(FETCHED, running("model")),
]
FINISH: list[Step] = [lambda w: w.show_pod(*DONE), lambda w: w.end_job("Complete")]
PATHS: dict[str, list[Step]] = {
    "succeeds": [*CREATE, *RUN, *FINISH, lambda w: w.delivered("True", "Delivered")],
    "delivery-refused": [
        *CREATE, *RUN, *FINISH, lambda w: w.delivered("False", "DeliveryRefused"),
    ],
    "not-for-the-model": [
        *CREATE, *RUN,
        lambda w: w.show_pod(FETCHED, ended("model", 65)), lambda w: w.end_job("Failed"),
    ],
    "second-attempt": [
        *CREATE, *RUN,
        lambda w: w.show_pod(FETCHED, ended("model", 1)),
        lambda w: w.show_pod(FETCHED, running("model"), attempt=2), *FINISH,
    ],
    "image-is-never-pulled": [
        *CREATE, lambda w: w.show_pod(waiting("fetch", "ErrImagePull")),
        lambda w: w.clock.advance(700),
    ],
    "removed-in-the-end": [
        *CREATE, *RUN, *FINISH, lambda w: w.delivered("True", "NothingToDeliver"),
        lambda w: w.clock.advance(3600),
    ],
}  # fmt: skip


def _kill_at(kube: FakeKube, number: int) -> None:
    """Kill the operator instead of its write of that number (from 0); -1 never."""
    count = -1

    def fault(call: Call) -> None:
        nonlocal count
        count += call.verb in WRITES
        if call.verb in WRITES and count == number:
            raise Killed

    kube.fault = fault


def _look_at_everything(world: World) -> None:
    look = reconciler(world.kube, SETTINGS, world.clock, Metrics())
    asked = look(Key(SWEEP))
    for key in (*asked.keys, *asked.behind):
        look(key)


def _settle(world: World, kills: Sequence[int]) -> None:
    """Run a fresh operator again and again, each killed at its write, then one to the end."""
    for kill in kills:
        _kill_at(world.kube, kill)
        try:
            _look_at_everything(world)
        except Killed:
            continue
        finally:
            world.kube.fault = None
    _look_at_everything(world)
    for _ in range(2):
        world.clock.advance(SETTLE_SECONDS)
        _look_at_everything(world)


def _end(path: str, kills: Sequence[Sequence[int]]) -> dict[str, Any]:
    world = World()
    for number, step in enumerate(PATHS[path]):
        step(world)
        _settle(world, kills[number] if number < len(kills) else ())
    shown = {(event.kind, event.reason, event.message) for event in world.kube.events}
    return {
        "status": world.status(),
        "jobs": world.kube.names("Job"),
        "secrets": world.kube.names("Secret"),
        "events": shown,
    }


@pytest.mark.rule("level-based")
@pytest.mark.rule("once")
@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=15, deadline=None)
@given(kills=st.lists(st.lists(st.integers(0, 8), max_size=3), max_size=7))
def test_killed_anywhere_it_ends_the_same(path: str, kills: list[list[int]]) -> None:
    assert _end(path, kills) == _end(path, [])


@pytest.mark.parametrize(
    ("path", "phase", "jobs"),
    [
        ("succeeds", "Succeeded", 1),
        ("delivery-refused", "Failed", 1),
        ("not-for-the-model", "Failed", 1),
        ("second-attempt", "Delivering", 1),
        ("image-is-never-pulled", "Failed", 0),
        ("removed-in-the-end", None, 0),
    ],
)
def test_path_ends_where_it_should(path: str, phase: str | None, jobs: int) -> None:
    ended_as = _end(path, [])
    assert ended_as["status"].get("phase") == phase
    assert len(ended_as["jobs"]) == jobs


def test_steady_world_is_not_written_to() -> None:
    world = World()
    for step in PATHS["succeeds"]:
        step(world)
        _settle(world, ())
    world.kube.calls.clear()
    _look_at_everything(world)
    assert not [call for call in world.kube.calls if call.verb in WRITES]


def test_terminal_job_never_changes_again() -> None:
    world = World()
    for step in PATHS["succeeds"]:
        step(world)
        _settle(world, ())
    before = world.status()
    world.end_job("Failed")
    world.show_pod(FETCHED, ended("model", 1), attempt=9)
    _settle(world, ())
    assert world.status() == before


def test_outage_of_the_api_server_only_costs_time() -> None:
    world = World()
    CREATE[0](world)

    def away(_: Call) -> None:
        raise Unavailable("the API server is away")

    world.kube.fault = away
    with pytest.raises(Unavailable):
        _look_at_everything(world)
    world.kube.fault = None
    _settle(world, ())
    assert len(world.kube.names("Job")) == 1


@pytest.mark.rule("said-plainly")
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BadInput("bad memory"), "BadSpec"),
        (Unauthorised("quota"), "BadSpec"),
        (Unavailable('failed calling webhook "mjob.kb.io"'), "WebhookAway"),
    ],
    ids=["bad-input", "unauthorised", "webhook-away"],
)
def test_refused_kubernetes_job_is_told_on_the_resource(error: Exception, reason: str) -> None:
    world = World()
    CREATE[0](world)

    def refuse(call: Call) -> None:
        if (call.verb, call.kind) == ("apply", "Job"):
            raise error

    world.kube.fault = refuse
    with pytest.raises(type(error)):
        _look_at_everything(world)
    (admitted,) = world.status()["conditions"]
    assert (admitted["status"], admitted["reason"]) == ("False", reason)
    assert str(error) in admitted["message"]
    world.kube.fault = None
    _settle(world, ())
    assert world.status()["phase"] == "Queued"


def test_pods_of_an_earlier_job_of_the_same_name_do_not_count() -> None:
    world = World()
    CREATE[0](world)
    _settle(world, ())
    world.show_pod(FETCHED, ended("model", 1))
    (stray,) = world.kube.list(POD, NAMESPACE)
    stray["metadata"]["ownerReferences"] = [{"uid": "of-another"}]
    world.kube.add(stray, manager="kubelet")
    _settle(world, ())
    assert "attempts" not in world.status()
