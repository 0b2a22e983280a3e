"""A store with the results of one job, the job and its PACS in a fake API server."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import make
from tests.support.clock import FakeClock
from tests.support.dicom_peers import LOOPBACK, free_port
from tests.support.encoded import encoded_slice
from tests.support.fake_kube import FakeKube

from meninx.delivery.loop import Loop, Settings
from meninx.kube.kinds import DICOMNODE, INFERENCEJOB
from meninx.peers.dimse import Caller
from meninx.store.rows import JobOrigin, ResultRow
from meninx.store.store import Store

JOB = "route-s0-1"
CALLER = Caller("MENINX", timeout_seconds=5, connect_seconds=2)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    opened = Store.open(tmp_path, make.PRIVACY_KEY, clock=clock, reserve_bytes=0)
    yield opened
    opened.close()


@pytest.fixture
def kube(clock: FakeClock) -> FakeKube:
    return FakeKube(clock)


@pytest.fixture
def port(kube: FakeKube) -> int:
    """A port for the PACS, which the DicomNode `pacs` names."""
    number = free_port()
    node = make.dicomnode(host=LOOPBACK, port=number)
    kube.apply(DICOMNODE, node, manager="test")
    return number


@pytest.fixture
def commit(store: Store, kube: FakeKube) -> Callable[..., list[str]]:
    """Store objects and commit them as the results of a job; return their UIDs."""

    def committed(*sop_classes: str, **spec: Any) -> list[str]:
        job = kube.apply(INFERENCEJOB, make.inferencejob(JOB, **spec), manager="test")
        origin = JobOrigin(make.NAMESPACE, JOB, job["metadata"]["uid"])
        uids = [f"2.25.50{number}" for number in range(len(sop_classes))]
        for uid, sop_class in zip(uids, sop_classes, strict=True):
            store.put(encoded_slice(SOPClassUID=sop_class, SOPInstanceUID=uid, origin=origin))
        results: dict[str, object] = {"findings": len(uids), "labels": [], "sopInstanceUIDs": uids}
        row = ResultRow(origin.job_uid, make.NAMESPACE, JOB, make.STUDY_UID, results, tuple(uids))
        store.commit_results(row)
        return uids

    return committed


@pytest.fixture
def new_loop(store: Store, kube: FakeKube, clock: FakeClock) -> Iterator[Callable[[], Loop]]:
    """Return a loop as a process that starts now would have it."""
    made: list[Loop] = []

    def new() -> Loop:
        made.append(Loop(store, kube, Settings(make.NAMESPACE, CALLER), clock))
        return made[-1]

    yield new
    for loop in made:
        loop.close()


@pytest.fixture
def loop(new_loop: Callable[[], Loop]) -> Loop:
    return new_loop()


def turns(loop: Loop, count: int = 3) -> None:
    """Turn, and let what was started end, so that nothing hangs on time."""
    for _ in range(count):
        loop.turn()
        loop.settle()


def delivered(kube: FakeKube) -> tuple[str, str]:
    """Return status and reason of the job's Delivered condition."""
    job = kube.get(INFERENCEJOB, make.NAMESPACE, JOB)
    assert job is not None
    condition = make.conditions_of(job)["Delivered"]
    return condition["status"], condition["reason"]
