"""The web side of a store with one study decided on, and a client with a job's token."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from tests.support.clock import START, FakeClock
from tests.support.encoded import encoded_slice
from tests.support.make import NAMESPACE, PRIVACY_KEY, STUDY, STUDY_UID

from meninx.base.tokens import Claims, mint
from meninx.store.store import Store
from meninx.web.app import make_app
from meninx.web.site import Site

SIGNING_KEY = b"sign"
JOB = "route-s0-1"
CLAIMS = Claims(
    namespace=NAMESPACE,
    job=JOB,
    job_uid="uid-1",
    study=STUDY,
    revision=1,
    expires=int((START + dt.timedelta(hours=1)).timestamp()),
)
Client = TestClient[web.Request, web.Application]


@dataclass
class Health:
    """What the process says of itself."""

    alive: bool = True
    ready: bool = True
    marks: list[str] = field(default_factory=list)


def bearer(**claims: object) -> dict[str, str]:
    """Return the header with the job's token; keywords replace its claims."""
    token = mint(SIGNING_KEY, replace(CLAIMS, **claims))  # type: ignore[arg-type]
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path, PRIVACY_KEY, clock=FakeClock(), reserve_bytes=0)
    for number in range(1, 4):
        opened.put(encoded_slice(number))
    uids = [row.sop_instance_uid for row in opened.study_instances(STUDY_UID)]
    opened.mark_decided(STUDY_UID, revision=1, sop_instance_uids=uids)
    yield opened
    opened.close()


@pytest.fixture
async def client(store: Store, health: Health) -> AsyncIterator[Client]:
    site = Site(
        store,
        SIGNING_KEY,
        store.clock,
        alive=lambda: health.alive,
        ready=lambda: health.ready,
    )
    async with TestClient(TestServer(make_app(site))) as opened:
        yield opened
