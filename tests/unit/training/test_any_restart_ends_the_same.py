"""Level-based: the operator may be killed before any of its writes, and all ends as without that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.cached import reconciler
from tests.support.clock import FakeClock
from tests.support.fake_kube import Call, FakeKube
from tests.support.make import NAMESPACE, aimodel, condition, trainingjob
from tests.support.trainings import message, quality, train_pod
from tests.support.workload import node

from meninx.base.errors import BadInput, Conflict, Unauthorised, Unavailable
from meninx.controller.keys import SWEEP, Key
from meninx.controller.metrics import Metrics
from meninx.controller.settings import PodSettings, Settings
from meninx.kube.kinds import AIMODEL, JOB, TRAININGJOB

SETTINGS = Settings(NAMESPACE, PodSettings("meninx", "http://store"), signing_key=b"k")
NAME, HEAD, VERSION = "second", "unet-meningioma", "unet-meningioma-2"
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
        self.kube.add(aimodel(status={"quality": quality(0.7)}))

    def status(self) -> dict[str, Any]:
        resource = self.kube.get(TRAININGJOB, NAMESPACE, NAME)
        return dict(resource["status"]) if resource else {}

    def current(self) -> Any:
        head = self.kube.get(AIMODEL, NAMESPACE, HEAD)
        return ((head or {})["spec"].get("current") or {}).get("name")

    def show_pod(self, words: str, said: str = "", number: int = 1) -> None:
        (job,) = self.kube.list(JOB, NAMESPACE)
        shown = train_pod(words, said=said, name=f"attempt-{number}")
        shown["metadata"] |= {
            "namespace": NAMESPACE, "ownerReferences": [{"uid": job["metadata"]["uid"]}],
        }  # fmt: skip
        shown["metadata"].pop("creationTimestamp")
        self.kube.add({"apiVersion": "v1", "kind": "Pod", **shown}, manager="kubelet")

    def end_job(self, type_: str) -> None:
        (job,) = self.kube.list(JOB, NAMESPACE)
        metadata = {"name": job["metadata"]["name"], "namespace": NAMESPACE}
        said = {"metadata": metadata, "status": {"conditions": [condition(type_, reason="Said")]}}
        self.kube.apply(JOB, said, manager="controller", subresource="status")


Step = Callable[[World], Any]


def _ends(dice: float) -> list[Step]:
    return [
        lambda w: w.kube.add(trainingjob()), lambda w: w.show_pod("running"),
        lambda w: w.show_pod("ended", message(dice)), lambda w: w.end_job("Complete"),
    ]  # fmt: skip


PATHS: dict[str, tuple[list[Step], tuple[str, str | None, str | None]]] = {
    "better": (_ends(0.8), ("Succeeded", VERSION, "Promote")),
    "worse": (_ends(0.6), ("Succeeded", None, "Keep")),
    "data can't be used": (
        [*_ends(0.8)[:2], lambda w: w.show_pod("ended 65"), lambda w: w.end_job("Failed")],
        ("Failed", None, None),
    ),
    "cancelled": (
        [*_ends(0.8)[:2], lambda w: w.kube.add(trainingjob(cancel=True))], ("Cancelled", None, None),
    ),
}  # fmt: skip


def _kill_at(kube: FakeKube, number: int) -> None:
    """Kill the operator instead of its write of that number (from 0)."""
    count = -1

    def fault(call: Call) -> None:
        nonlocal count
        count += call.verb in WRITES
        if call.verb in WRITES and count == number:
            raise Killed

    kube.fault = fault


def _look(world: World) -> None:
    """Look at everything a few times, as its own writes would make a living operator do."""
    look = reconciler(world.kube, SETTINGS, world.clock, Metrics())
    for _ in range(5):
        for key in look(Key(SWEEP)).keys:
            look(key)


def _follow(steps: Sequence[Step], kills: Sequence[int]) -> World:
    world = World()
    for step in steps:
        world.clock.advance(3)
        step(world)
        for kill in kills:
            _kill_at(world.kube, kill)
            try:
                _look(world)
            except Killed:
                continue
        world.kube.fault = None
        _look(world)
    return world


@pytest.mark.rule("level-based")
@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=25, deadline=None)
@given(kills=st.lists(st.integers(0, 9), max_size=4))
def test_killed_operator_ends_a_training_as_without_that(path: str, kills: list[int]) -> None:
    steps, (phase, current, decision) = PATHS[path]
    world = _follow(steps, kills)
    status = world.status()
    assert status["phase"] == phase
    assert world.current() == current
    assert status.get("gate", {}).get("decision") == decision
    made = world.kube.get(AIMODEL, NAMESPACE, VERSION)
    assert (made is not None) == (phase == "Succeeded")


@pytest.mark.rule("said-plainly")
@pytest.mark.parametrize(
    ("error", "phase", "reason"),
    [
        (BadInput("bad memory"), "Pending", "BadSpec"),
        (Unauthorised("quota"), "Pending", "BadSpec"),
        (Unavailable('failed calling webhook "mjob.kb.io"'), "Queued", "WebhookAway"),
    ],
    ids=["bad-input", "unauthorised", "webhook-away"],
)
def test_refused_kubernetes_job_is_told_on_the_training(
    error: Exception, phase: str, reason: str
) -> None:
    world = World()
    world.kube.add(trainingjob())
    world.kube.fault = _refusing_jobs(error)
    with pytest.raises(type(error)):
        _look(world)
    said = {condition["reason"] for condition in world.status()["conditions"]}
    assert (world.status()["phase"], said) == (phase, {reason})
    assert str(error) in world.status()["conditions"][0]["message"]
    world.kube.fault = None
    _look(world)
    assert world.status()["phase"] == "Queued"
    assert {c["reason"] for c in world.status()["conditions"]} == {"Admitted", "Starting"}


def _refusing_jobs(error: Exception) -> Callable[[Call], None]:
    def refuse(call: Call) -> None:
        if (call.verb, call.kind) == ("apply", "Job"):
            raise error

    return refuse


def test_version_that_a_training_made_is_looked_at_at_once() -> None:
    world = World()
    steps, _ = PATHS["better"]
    for step in steps:
        world.clock.advance(3)
        step(world)
        look = reconciler(world.kube, SETTINGS, world.clock, Metrics())
        asked = [look(key).keys for key in look(Key(SWEEP)).keys if key.kind == "TrainingJob"]
    assert Key("AIModel", NAMESPACE, VERSION) in {key for keys in asked for key in keys}


def _promoted_meanwhile(world: World) -> Callable[[Call], None]:
    """Return a fault that lets somebody else promote a better version just before we do."""

    def fault(call: Call) -> None:
        if call.manager != "meninx-promotion":
            return
        world.kube.fault = None
        measured = {"quality": quality(0.9)}
        world.kube.add(aimodel("best", versionOf={"name": HEAD}, status=measured))
        metadata = {"name": HEAD, "namespace": NAMESPACE}
        manifest = {"metadata": metadata, "spec": {"current": {"name": "best"}}}
        world.kube.apply(AIMODEL, manifest, manager="meninx-promotion")

    return fault


def test_two_trainings_that_end_together_leave_the_better_one_current() -> None:
    """The slower promotion finds the model changed, and is decided against what is current then."""
    world = _follow(_ends(0.8)[:-1], ())
    world.kube.fault = _promoted_meanwhile(world)
    world.end_job("Complete")
    with pytest.raises(Conflict):
        _look(world)
    _look(world)
    assert world.current() == "best"
    assert world.status()["gate"]["decision"] == "Keep"
