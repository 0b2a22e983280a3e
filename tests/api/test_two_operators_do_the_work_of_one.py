"""High availability: one of two works; when it goes, the other takes over, and nothing is done twice."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.api.conftest import Eventually, OperatorProcess
from tests.api.control_plane import NAMESPACE, ControlPlane
from tests.api.kubelet import Kubelet
from tests.support.make import aimodel, inferencejob

from meninx.kube.client import KubeApi
from meninx.kube.kinds import AIMODEL, EVENT, INFERENCEJOB, JOB, LEASE

pytestmark = [pytest.mark.api, pytest.mark.timeout(180)]

FAILOVER_SECONDS = 15.0
Pair = tuple[OperatorProcess, OperatorProcess]


@pytest.fixture
def pair(
    plane: ControlPlane, tmp_path: Path, kubelet: Kubelet, eventually: Eventually
) -> Iterator[Pair]:
    """Return the one that leads and the one that stands by."""
    assert kubelet
    key_file = tmp_path / "signing"
    key_file.write_text("ab" * 32)
    made = [OperatorProcess(plane, key_file, name=name) for name in ("one", "two")]
    for process in made:
        process.start()
    eventually(lambda: any(process.leads() for process in made))
    eventually(lambda: all(process.page("/readyz")[0] == 200 for process in made))
    leader = next(process for process in made if process.leads())
    yield leader, next(process for process in made if process is not leader)
    for process in made:
        if process.process is not None and process.process.poll() is None:
            process.kill()
    made[0].forget()


def _submit(api: KubeApi, count: int) -> None:
    api.apply(AIMODEL, aimodel(), manager="kubectl")
    for number in range(count):
        api.apply(INFERENCEJOB, inferencejob(f"job-{number}"), manager="kubectl")


def _owners(api: KubeApi) -> list[str]:
    """Return the InferenceJob of each Kubernetes Job there is, or was told to be there."""
    return sorted(job["metadata"]["ownerReferences"][0]["name"] for job in api.list(JOB, NAMESPACE))


def _taken_over(process: OperatorProcess) -> float:
    """Wait until it leads; return the seconds that took."""
    began = time.monotonic()
    while not process.leads():
        assert time.monotonic() - began < 3 * FAILOVER_SECONDS, "nobody took over"
        time.sleep(0.1)
    return time.monotonic() - began


def test_standby_is_ready_and_only_the_leader_works(api: KubeApi, pair: Pair) -> None:
    leader, standby = pair
    assert "role: standby" in standby.page("/readyz")[1]
    assert "meninx_leader 1.0" in leader.page("/metrics")[1]
    assert "meninx_leader 0.0" in standby.page("/metrics")[1]
    lease: Any = api.get(LEASE, NAMESPACE, "meninx-operator")
    assert lease["spec"]["holderIdentity"].startswith(leader.name)


@pytest.mark.rule("once")
@pytest.mark.rule("level-based")
def test_killed_leader_is_followed_within_fifteen_seconds_and_no_job_is_doubled(
    api: KubeApi, pair: Pair, eventually: Eventually
) -> None:
    leader, standby = pair
    _submit(api, 8)
    eventually(lambda: len(api.list(JOB, NAMESPACE)) >= 2)
    leader.kill()
    assert _taken_over(standby) < FAILOVER_SECONDS
    eventually(lambda: len(api.list(JOB, NAMESPACE)) == 8)
    assert _owners(api) == [f"job-{number}" for number in range(8)]
    refused = [e for e in api.list(EVENT, NAMESPACE) if e["reason"] == "BadSpec"]
    assert not refused


def test_leader_that_is_told_to_stop_hands_over_at_once(
    api: KubeApi, pair: Pair, eventually: Eventually
) -> None:
    leader, standby = pair
    began = time.monotonic()
    assert leader.stop() == 0
    took = _taken_over(standby)
    assert took < 5
    assert time.monotonic() - began < FAILOVER_SECONDS
    _submit(api, 1)
    eventually(lambda: _owners(api) == ["job-0"])
