"""Faults between operator and API server: it ends right, and in time."""

import time
from collections.abc import Callable, Iterator

import pytest
from tests.api.conftest import Eventually, OperatorProcess
from tests.api.control_plane import NAMESPACE, ControlPlane
from tests.api.kubelet import Kubelet, ended
from tests.api.test_job_runs_once_to_its_end import deliver, phase
from tests.support.fault_proxy import FaultProxy, Request, Wanted
from tests.support.make import aimodel, inferencejob

from meninx.kube.client import KubeApi
from meninx.kube.kinds import AIMODEL, INFERENCEJOB, JOB

pytestmark = [pytest.mark.api, pytest.mark.timeout(240)]

WATCH_SECONDS, GRACE_SECONDS = 6.0, 3.0
IN_TIME_SECONDS = WATCH_SECONDS + GRACE_SECONDS + 30


@pytest.fixture
def proxy(plane: ControlPlane) -> Iterator[FaultProxy]:
    made = FaultProxy(plane.port, plane.certificate)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def behind(
    stopped_operator: OperatorProcess,
    proxy: FaultProxy,
    kubelet: Kubelet,
    api: KubeApi,
    eventually: Eventually,
) -> OperatorProcess:
    """Return an operator that leads and reaches the API server through the proxy only."""
    assert kubelet
    api.apply(AIMODEL, aimodel(), manager="kubectl")
    stopped_operator.proxy_port = proxy.port
    stopped_operator.watch_seconds, stopped_operator.grace_seconds = WATCH_SECONDS, GRACE_SECONDS
    stopped_operator.start()
    eventually(stopped_operator.leads)
    return stopped_operator


def _life(api: KubeApi, kubelet: Kubelet, eventually: Eventually) -> None:
    """Take one job from its creation to its end; each step within the limit."""

    def soon(question: Callable[[], object]) -> object:
        return eventually(question, IN_TIME_SECONDS)

    api.apply(INFERENCEJOB, inferencejob(), manager="kubectl")
    soon(lambda: api.list(JOB, NAMESPACE))
    (job,) = api.list(JOB, NAMESPACE)
    pod = kubelet.pod(job)
    kubelet.pod_status(pod, "Succeeded", ended("fetch"), ended("model"), ended("deliver"))
    kubelet.job_complete(job)
    soon(lambda: phase(api) == "Delivering")
    deliver(api)
    soon(lambda: phase(api) == "Succeeded")
    assert [item["metadata"]["uid"] for item in api.list(JOB, NAMESPACE)] == [
        job["metadata"]["uid"]
    ]


@pytest.mark.rule("level-based")
def test_job_made_after_a_silent_cut_is_handled_in_time(
    api: KubeApi, behind: OperatorProcess, proxy: FaultProxy, kubelet: Kubelet,
    eventually: Eventually,
) -> None:  # fmt: skip
    assert proxy.swallow() >= 5
    began = time.monotonic()
    api.apply(INFERENCEJOB, inferencejob(), manager="kubectl")
    eventually(lambda: api.list(JOB, NAMESPACE), IN_TIME_SECONDS)
    assert time.monotonic() - began < IN_TIME_SECONDS
    _life(api, kubelet, eventually)
    assert behind.page("/healthz", behind.liveness_port)[0] == 200
    assert behind.process is not None
    assert behind.process.poll() is None


def test_connections_cut_again_and_again_lose_nothing(
    api: KubeApi, behind: OperatorProcess, proxy: FaultProxy, kubelet: Kubelet,
    eventually: Eventually,
) -> None:  # fmt: skip
    for number in range(5):
        proxy.cut()
        api.apply(INFERENCEJOB, inferencejob(f"job-{number}"), manager="kubectl")
    eventually(lambda: len(api.list(JOB, NAMESPACE)) == 5, IN_TIME_SECONDS)
    proxy.cut()
    assert behind.process is not None
    assert behind.process.poll() is None


def _watches(request: Request) -> bool:
    return request.watches


def _writes(request: Request) -> bool:
    return request.method in {"PATCH", "POST"} and not request.is_about_the_lease


def _anything(request: Request) -> bool:
    return not request.is_about_the_lease


@pytest.mark.parametrize(
    ("wanted", "status", "times", "headers"),
    [
        (_watches, 410, 6, {}),
        (_watches, 429, 6, {"Retry-After": "2"}),
        (_watches, 500, 8, {}),
        (_writes, 409, 6, {}),
        (_writes, 429, 6, {"Retry-After": "1"}),
        (_writes, 500, 6, {}),
        (_writes, 503, 6, {"Retry-After": "1"}),
        (_anything, 503, 20, {}),
    ],
    ids=[
        "watches-gone", "watches-slowed-down", "watches-broken", "writes-conflict",
        "writes-slowed-down", "writes-broken", "writes-away", "everything-away",
    ],
)  # fmt: skip
def test_refusals_of_the_api_server_only_cost_time(
    api: KubeApi, behind: OperatorProcess, proxy: FaultProxy, kubelet: Kubelet,
    eventually: Eventually, *, wanted: Wanted, status: int, times: int, headers: dict[str, str],
) -> None:  # fmt: skip
    proxy.refuse(wanted, status, times=times, headers=headers)
    if wanted is not _writes:
        proxy.cut()
    _life(api, kubelet, eventually)
    assert proxy.given.count(status) > 1
    assert behind.process is not None
    assert behind.process.poll() is None
