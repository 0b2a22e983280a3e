from typing import Any

import pytest
from tests.support.cached import filled
from tests.support.clock import FakeClock
from tests.support.fake_kube import FakeKube
from tests.support.make import NAMESPACE, aimodel, aipipeline, condition, inferencejob
from tests.support.workload import pod, running, waiting

from meninx.controller.cache import Cache
from meninx.controller.keys import Key
from meninx.controller.model.desk import SECRETS_SECONDS, Desk, secrets_of
from meninx.kube.kinds import INFERENCEJOB

MODEL = "unet-meningioma"
KEY = Key("AIModel", NAMESPACE, MODEL)


class World:
    """An API server, a cache that has seen it, and a desk that listens."""

    def __init__(self, *manifests: dict[str, Any]) -> None:
        self.kube, self.clock = FakeKube(), FakeClock()
        for manifest in manifests:
            self.kube.add(manifest)
        self.cache: Cache = filled(self.kube, NAMESPACE)
        self.desk = Desk(self.cache, self.kube, NAMESPACE, self.clock)
        self.desk.listen()

    def sees(self, manifest: dict[str, Any]) -> None:
        """Let the watch tell of a job as it is now."""
        stored = self.kube.apply(INFERENCEJOB, manifest, manager="m", subresource="status")
        self.cache.changed(INFERENCEJOB, "MODIFIED", stored)


def runs(name: str = "a", **spec: Any) -> dict[str, Any]:
    status = {"phase": "Running", "jobName": f"{name}-k", "conditions": [condition("Admitted")]}
    return inferencejob(name, status=status, **spec)


def done(name: str = "a", **spec: Any) -> dict[str, Any]:
    return inferencejob(name, status={"phase": "Succeeded"}, **spec)


def test_jobs_that_were_there_before_count() -> None:
    world = World(aimodel(), runs())
    observed = world.desk.observe(MODEL)
    assert observed is not None
    assert (observed.running, observed.tally.running) == (("a",), 1)


def test_model_is_looked_at_when_its_use_begins_and_ends() -> None:
    world = World(aimodel(), inferencejob("a"))
    assert world.desk.stirred() == ()
    world.sees(runs())
    assert world.desk.stirred() == (KEY,)
    assert world.desk.stirred() == (), "told once"
    world.sees(done())
    assert world.desk.stirred() == (KEY,)


def test_jobs_of_a_pipeline_hold_each_of_its_models() -> None:
    pipeline: dict[str, Any] = {"modelRef": None, "pipelineRef": {"name": "head-then-meningioma"}}
    world = World(aimodel(), aipipeline(), inferencejob("a", **pipeline))
    world.sees(runs(**pipeline))
    assert world.desk.stirred() == (Key("AIModel", NAMESPACE, "example-headmask"), KEY)
    observed = world.desk.observe(MODEL)
    assert observed is not None
    assert observed.running == ("a",)
    assert observed.tally.running == 0, "counts are of the model's own jobs"


def test_pull_that_fails_and_then_works_is_news_twice() -> None:
    world = World(aimodel(), runs())
    for shown, wanted in [
        (waiting("model", "ErrImagePull"), (KEY,)),
        (waiting("model", "ImagePullBackOff"), ()),
        (running("model"), (KEY,)),
        (running("model"), ()),
    ]:
        world.desk.looked("a", [pod(shown)])
        assert world.desk.stirred() == wanted


def test_secrets_that_are_there_are_asked_for_seldom() -> None:
    named: dict[str, Any] = {"imagePullSecrets": [{"name": "registry"}]}
    secret = {"apiVersion": "v1", "kind": "Secret",
              "metadata": {"name": "registry", "namespace": NAMESPACE}}  # fmt: skip
    world = World(aimodel(**named), secret)

    def asked() -> int:
        observed = world.desk.observe(MODEL)
        assert observed is not None
        assert observed.missing_secrets == ()
        return sum(call.verb == "absent" for call in world.kube.calls)

    assert [asked(), asked()] == [1, 1]
    world.clock.advance(SECRETS_SECONDS)
    assert asked() == 2
    assert all(call.verb != "get" for call in world.kube.calls), "never read"


def test_secret_that_is_missing_is_asked_for_each_time() -> None:
    world = World(aimodel(imagePullSecrets=[{"name": "one"}, {"name": "two"}]))
    for _ in range(2):
        observed = world.desk.observe(MODEL)
        assert observed is not None
        assert observed.missing_secrets == ("one", "two")
    assert sum(call.verb == "absent" for call in world.kube.calls) == 4


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({}, ()),
        ({"imagePullSecrets": [{"name": "a"}, {"name": "b"}]}, ("a", "b")),
        (
            {"weights": {"secretRef": {"name": "t"}}, "imagePullSecrets": [{"name": "a"}]},
            ("a", "t"),
        ),
        ({"weights": {"secretRef": {"name": "a"}}, "imagePullSecrets": [{"name": "a"}]}, ("a",)),
        ({"imagePullSecrets": [{}]}, ()),
    ],
)
def test_secrets_are_those_of_registry_and_weights(
    spec: dict[str, Any], wanted: tuple[str, ...]
) -> None:
    assert secrets_of(spec) == wanted


def test_model_that_is_gone_is_not_observed() -> None:
    assert World().desk.observe(MODEL) is None
