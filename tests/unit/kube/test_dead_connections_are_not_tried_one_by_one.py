"""O-22: where one connection died in silence the idle ones did too; each of them cost a time-out of its own."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.dying_connections import DyingConnections, dying_connections

from meninx.base.errors import Unavailable
from meninx.kube.client import KubeApi
from meninx.kube.informer import Informer, Watched
from meninx.kube.kinds import JOB, Kind
from meninx.kube.watch import WatchLimits

IDLE = 3


class Deaf:
    def changed(self, kind: Kind, type_: str, manifest: object) -> None: ...

    def listed(self, kind: Kind, seen: set[str], version: str) -> None: ...


@pytest.fixture
def server() -> Iterator[DyingConnections]:
    with dying_connections(together=IDLE) as made:
        yield made


@pytest.fixture
def api(server: DyingConnections) -> KubeApi:
    """Return a client that keeps several idle connections."""
    made = KubeApi(server.configuration(), patience_seconds=0.5)
    at_once(made)
    return made


def at_once(api: KubeApi) -> list[object]:
    """Return the answers to several calls that are made together."""
    with ThreadPoolExecutor(IDLE) as pool:
        return list(pool.map(lambda _: api.list(JOB, "ns"), range(IDLE)))


@pytest.mark.rule("level-based")
def test_calls_after_a_silent_cut_cost_one_time_out(api: KubeApi, server: DyingConnections) -> None:
    server.swallow()
    with pytest.raises(Unavailable):
        api.list(JOB, "ns")
    assert at_once(api) == [[]] * IDLE
    assert server.lost == 1


@pytest.mark.rule("level-based")
def test_calls_after_a_watch_died_in_silence_are_answered(
    api: KubeApi, server: DyingConnections
) -> None:
    limits = WatchLimits(server_seconds=0.5, grace_seconds=0.2)
    informer = Informer(api, Watched(JOB, "ns"), Deaf(), limits)
    informer._version = "5"
    informer.start()
    assert server.watches.acquire(timeout=10)
    server.swallow()
    assert server.watches.acquire(timeout=10)
    assert at_once(api) == [[]] * IDLE
    informer.stop()
    assert server.lost == 0
