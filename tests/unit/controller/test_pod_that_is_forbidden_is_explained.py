"""A Job whose pod a quota or a policy forbids has no pod to look at: only the Job's events say why."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.api_server import scripted_server
from tests.support.clock import FakeClock
from tests.support.make import inferencejob
from tests.support.workload import MADE, RESOURCE_UID, kubernetes_job, pod, running

from meninx.base.clock import from_rfc3339
from meninx.base.errors import Unavailable
from meninx.controller.job.chain import Obstacle
from meninx.controller.job.observed import Observed
from meninx.controller.job.unmade import ASK_SECONDS, POD_SECONDS, due_seconds, obstacle
from meninx.controller.keys import Key
from meninx.controller.podless import Podless
from meninx.kube.client import KubeApi
from meninx.kube.event_log import newest_event
from meninx.resources.reasons import Reason

KEY = Key("InferenceJob", "ns", "a")
QUOTA = "exceeded quota: gpus, requested: pods=1, used: pods=4, limited: pods=4"


def seen(job: dict[str, Any] | None, *pods: dict[str, Any]) -> Observed:
    resource = inferencejob(metadata={"uid": RESOURCE_UID})
    return Observed(resource, Obstacle(Reason.BAD_SPEC, ""), job, pods)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(from_rfc3339(MADE) + dt.timedelta(seconds=POD_SECONDS))


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (f'Error creating: pods "a-x7k2p" is forbidden: {QUOTA}', QUOTA),
        ('Error creating: admission webhook "v.io" denied the request: no', 'admission webhook "v.io" denied the request: no'),
        ("", ""),
        ("x" * 900, "x" * 400 + "..."),
    ],
    ids=["quota", "webhook", "nothing-said", "very-long"],
)  # fmt: skip
def test_words_of_an_event_are_the_same_for_every_try(message: str, said: str) -> None:
    assert obstacle(message) == said


@pytest.mark.parametrize(
    "observed",
    [
        seen(None),
        seen(kubernetes_job("Complete")),
        seen(kubernetes_job("Failed")),
        seen(kubernetes_job(spec={"suspend": True})),
        seen(kubernetes_job(), pod(running("fetch"))),
    ],
    ids=["no-job", "done", "failed", "held-back", "has-a-pod"],
)
def test_only_a_job_at_work_without_a_pod_is_asked_about(
    observed: Observed, clock: FakeClock
) -> None:
    assert due_seconds(observed, clock.now()) is None
    assert Podless(clock, _never).why(KEY, observed) == ""


def _never(uid: str) -> str:
    raise AssertionError(uid)


def test_job_that_was_just_made_is_given_time(clock: FakeClock) -> None:
    clock.advance(-1)
    assert due_seconds(seen(kubernetes_job()), clock.now()) == 1
    assert Podless(clock, _never).why(KEY, seen(kubernetes_job())) == ""


def test_events_are_asked_for_now_and_then_only(clock: FakeClock) -> None:
    asked: list[str] = []
    podless = Podless(clock, _answering(asked, QUOTA))
    for _ in range(3):
        assert podless.why(KEY, seen(kubernetes_job())) == QUOTA
    clock.advance(ASK_SECONDS)
    podless.why(KEY, seen(kubernetes_job()))
    assert asked == [kubernetes_job()["metadata"]["uid"]] * 2


def _answering(asked: list[str], message: str) -> Callable[[str], str]:
    def ask(uid: str) -> str:
        asked.append(uid)
        return message

    return ask


def test_job_that_got_its_pod_is_forgotten(clock: FakeClock) -> None:
    asked: list[str] = []
    podless = Podless(clock, _answering(asked, QUOTA))
    podless.why(KEY, seen(kubernetes_job()))
    assert podless.why(KEY, seen(kubernetes_job(), pod(running("fetch")))) == ""
    podless.why(KEY, seen(kubernetes_job()))
    assert len(asked) == 2


def test_what_was_known_stands_while_nothing_answers(clock: FakeClock) -> None:
    podless = Podless(clock, lambda _: QUOTA)
    podless.why(KEY, seen(kubernetes_job()))
    podless.ask = _away
    clock.advance(ASK_SECONDS)
    assert podless.why(KEY, seen(kubernetes_job())) == QUOTA


def _away(uid: str) -> str:
    raise Unavailable(uid)


def test_newest_of_the_events_of_that_very_job_is_read() -> None:
    events = [
        {"metadata": {"name": "b"}, "lastTimestamp": "2026-01-05T09:01:00Z", "message": "new"},
        {"metadata": {"name": "a"}, "lastTimestamp": "2026-01-05T09:00:00Z", "message": "old"},
    ]
    with scripted_server((200, {"metadata": {}, "items": events}), (200, {"items": []})) as server:
        api = KubeApi(server.configuration())
        assert newest_event(api, "ns", uid="u", reason="FailedCreate") == "new"
        assert newest_event(api, "ns", uid="u", reason="FailedCreate") == ""
    (selector,) = server.asked[0].query["fieldSelector"]
    assert selector == "involvedObject.uid=u,reason=FailedCreate"
