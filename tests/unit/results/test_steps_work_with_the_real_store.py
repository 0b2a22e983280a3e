"""`fetch` and `deliver` against the store and web rooms themselves; two workers, one killed (O-24)."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest
from aiohttp.test_utils import TestServer
from pydicom import dcmread
from tests.support.encoded import encode, encoded_bytes
from tests.support.fake_store import FakeTimer
from tests.support.make import PRIVACY_KEY, SERIES, STUDY_UID
from tests.support.results import ball, slices, source_of_datasets, task

from meninx.base.clock import SystemClock
from meninx.base.tokens import Claims, mint
from meninx.imaging.nifti import write_nifti
from meninx.resources.inferencejob import Results
from meninx.steps.deliver import deliver
from meninx.steps.deliver import encode as encode_file
from meninx.steps.fetch import fetch
from meninx.steps.patience import Patience
from meninx.steps.store_client import connect
from meninx.steps.workspace import Workspace
from meninx.store.store import Store
from meninx.web.app import make_app
from meninx.web.site import Site

SIGNING_KEY = b"f" * 32
TASK = task()
PATIENCE = Patience(budget_seconds=20)
DATASETS = slices((20, 18, 10), array=np.full((20, 18, 10), 700, np.uint16))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "store", PRIVACY_KEY)
    for dataset in DATASETS:
        opened.put(encoded_bytes(encode(dataset)))
    uids = [str(dataset.SOPInstanceUID) for dataset in DATASETS]
    opened.mark_decided(STUDY_UID, revision=1, sop_instance_uids=uids)
    yield opened
    opened.close()


@pytest.fixture
async def url(store: Store) -> AsyncIterator[str]:
    site = Site(store, SIGNING_KEY, SystemClock(), lambda: True, lambda: True)
    server = TestServer(make_app(site))
    await server.start_server()
    yield str(server.make_url("/"))
    await server.close()


def token() -> str:
    expires = int(SystemClock().now().timestamp()) + 600
    return mint(SIGNING_KEY, Claims(TASK.namespace, TASK.job, TASK.job_uid, TASK.study, 1, expires))


async def pod(url: str, folder: Path, delay: float = 0) -> Results:
    """Do all steps of one pod; its model finds a ball. `delay` is the pod's late start."""
    workspace, timer = Workspace.under(folder), FakeTimer()
    await asyncio.sleep(delay)
    async with connect(url, token(), TASK) as client:
        await fetch(TASK, client, workspace, patience=PATIENCE, timer=timer)
        grid = source_of_datasets(DATASETS).grid
        found = ball(grid, (9, 8, 5), 3)
        write_nifti(workspace.output / "segmentation.nii", found, grid)
        now = SystemClock().now() + dt.timedelta(seconds=delay)
        return await deliver(TASK, client, workspace, now=now, patience=PATIENCE, timer=timer)


def stored(store: Store) -> dict[str, str]:
    """Return the modalities of all result objects that can be read, by SOP Instance UID."""
    found = {}
    for row in store.results():
        for uid in row.sop_instance_uids:
            instance = store.instance(STUDY_UID, uid)
            assert instance is not None
            found[uid] = str(dcmread(instance.path).Modality)
    return found


@pytest.mark.parametrize("delay", [0, 0.05, 0.25], ids=["together", "soon after", "later"])
async def test_job_run_by_two_pods_has_one_segmentation_and_one_report(
    store: Store, url: str, tmp_path: Path, delay: float
) -> None:
    first, second = await asyncio.gather(
        pod(url, tmp_path / "first"), pod(url, tmp_path / "second", delay)
    )
    assert first == second
    assert sorted(stored(store).values()) == ["SEG", "SR"]
    assert sorted(stored(store)) == sorted(first.sop_instance_uids)
    assert len(store.results()) == 1


async def test_pod_killed_after_one_object_leaves_nothing_that_counts(
    store: Store, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, loop = store.put, asyncio.get_running_loop()

    def put_one(encoded: object, **options: object) -> object:
        kept = put(encoded, **options)  # type: ignore[arg-type]
        monkeypatch.setattr(store, "put", put)
        loop.call_soon_threadsafe(running.cancel)
        return kept

    monkeypatch.setattr(store, "put", put_one)
    running = asyncio.create_task(pod(url, tmp_path / "killed"))
    await asyncio.gather(running, return_exceptions=True)
    assert stored(store) == {}
    results = await pod(url, tmp_path / "next")
    assert sorted(stored(store)) == sorted(results.sop_instance_uids)


async def test_result_objects_never_make_the_study_new(
    store: Store, url: str, tmp_path: Path
) -> None:
    await pod(url, tmp_path / "pod")
    assert store.studies_changed(SystemClock().now() + dt.timedelta(days=1)) == []
    assert len(store.study_instances(STUDY_UID)) == len(DATASETS)


async def test_pod_reads_the_series_by_its_hash(store: Store, url: str, tmp_path: Path) -> None:
    assert TASK.channels[0].series == SERIES
    async with connect(url, token(), TASK) as client:
        files = await client.retrieve_series(SERIES, tmp_path / "series")
    assert len(files) == len(DATASETS)


async def test_result_of_many_megabytes_is_taken(store: Store, url: str) -> None:
    (large,) = slices((2048, 1024, 1), SOPInstanceUID="2.25.77", SeriesInstanceUID="2.25.78")
    async with connect(url, token(), TASK) as client:
        await client.store([encode_file(large)])
    kept = store.instance(STUDY_UID, "2.25.77")
    assert kept is not None
    assert kept.path.stat().st_size > 4_000_000
