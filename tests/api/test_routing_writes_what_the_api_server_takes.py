from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.api.control_plane import NAMESPACE
from tests.support import make
from tests.support.clock import FakeClock
from tests.support.encoded import encode, encoded_bytes
from tests.support.identity import leaks
from tests.support.series import mr_series

from meninx.kube.client import KubeApi
from meninx.kube.kinds import AIMODEL, EVENT, INFERENCEJOB, STUDYROUTE
from meninx.routing.loop import Loop, Settings
from meninx.store.store import Store

pytestmark = [pytest.mark.api, pytest.mark.timeout(120)]
QUIET_SECONDS = 5.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    opened = Store.open(tmp_path, make.PRIVACY_KEY, clock=clock, reserve_bytes=0)
    yield opened
    opened.close()


@pytest.fixture
def loop(api: KubeApi, store: Store, clock: FakeClock) -> Iterator[Loop]:
    api.apply(AIMODEL, make.aimodel(), manager="kubectl")
    api.apply(STUDYROUTE, make.studyroute(), manager="kubectl")
    yield Loop(store, api, Settings(NAMESPACE, make.PRIVACY_KEY, QUIET_SECONDS), clock)
    api.delete(STUDYROUTE, NAMESPACE, "meningioma")


def _send(loop: Loop, clock: FakeClock, *, without: int | None = None) -> None:
    images = mr_series(20)
    if without is not None:
        del images[without]
    for ds in images:
        loop.store.put(encoded_bytes(encode(ds)))
    clock.advance(QUIET_SECONDS)
    loop.turn()


def _route(api: KubeApi) -> dict[str, Any]:
    found = api.get(STUDYROUTE, NAMESPACE, "meningioma")
    assert found is not None
    return found


def test_job_and_status_are_taken_and_made_once(api: KubeApi, loop: Loop, clock: FakeClock) -> None:
    _send(loop, clock)
    _send(loop, clock)
    (job,) = api.list(INFERENCEJOB, NAMESPACE, labels={"meninx.io/study": make.STUDY})
    status = _route(api)["status"]
    assert job["spec"]["input"]["channels"][0]["series"] == make.SERIES
    assert (status["matched"], status["lastMatched"]) == (
        1,
        job["metadata"]["creationTimestamp"],
    )
    assert make.conditions_of({"status": status})["Valid"]["status"] == "True"


def test_refusal_reaches_status_and_event_without_identity(
    api: KubeApi, loop: Loop, clock: FakeClock
) -> None:
    _send(loop, clock, without=9)
    route = _route(api)
    (refusal,) = route["status"]["refusals"]
    uid = route["metadata"]["uid"]
    events = [one for one in api.list(EVENT, NAMESPACE) if one["involvedObject"].get("uid") == uid]
    assert refusal["reason"] == "MissingSlices"
    assert [one["reason"] for one in events] == ["MissingSlices"]
    assert not leaks(str(route), str(events))
    assert make.STUDY_UID not in f"{route}{events}"
    assert not api.list(INFERENCEJOB, NAMESPACE)


def test_status_of_a_repaired_study_loses_its_refusal(
    api: KubeApi, loop: Loop, clock: FakeClock
) -> None:
    _send(loop, clock, without=9)
    _send(loop, clock)
    status = _route(api)["status"]
    assert (status["refusals"], status["matched"], status["refused"]) == ([], 1, 1)
