"""A store, an API server in memory and the routing between them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from tests.support import make
from tests.support.clock import FakeClock
from tests.support.encoded import encode, encoded_bytes
from tests.support.fake_kube import FakeKube

from meninx.kube.kinds import INFERENCEJOB, STUDYROUTE
from meninx.routing.loop import Loop, Settings
from meninx.store.store import Store

QUIET_SECONDS = 5.0
SETTINGS = Settings(make.NAMESPACE, make.PRIVACY_KEY, QUIET_SECONDS)


@dataclass
class Hospital:
    """Everything that routing touches."""

    store: Store
    kube: FakeKube
    clock: FakeClock
    loop: Loop

    def send(
        self,
        datasets: Sequence[Dataset],
        *,
        calling_aet: str = "SCANNER1",
        sender: Callable[[], bool] | None = None,
    ) -> None:
        """Store images as the ingress does; `sender` tells whether its association is open."""
        for ds in datasets:
            encoded = replace(encoded_bytes(encode(ds)), calling_aet=calling_aet)
            self.store.put(encoded, sender=sender)

    def settle(self, seconds: float = QUIET_SECONDS) -> None:
        """Let time pass, then turn once."""
        self.clock.advance(seconds)
        self.loop.turn()

    def restart(self) -> None:
        """Begin anew with what is on disk and in the API server."""
        self.loop = Loop(self.store, self.kube, SETTINGS, self.clock)

    def jobs(self) -> list[dict[str, Any]]:
        """Return all InferenceJobs."""
        return self.kube.list(INFERENCEJOB, make.NAMESPACE)

    def status(self, route: str = "meningioma") -> dict[str, Any]:
        """Return a route's status."""
        found = self.kube.get(STUDYROUTE, make.NAMESPACE, route)
        assert found is not None
        status: dict[str, Any] = found.get("status", {})
        return status


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Hospital]:
    """A hospital with one model and one route; nothing was sent yet."""
    clock = FakeClock()
    store = Store.open(tmp_path, make.PRIVACY_KEY, clock=clock, reserve_bytes=0)
    kube = FakeKube(clock)
    kube.add(make.aimodel())
    kube.add(make.studyroute())
    yield Hospital(store, kube, clock, Loop(store, kube, SETTINGS, clock))
    store.close()
