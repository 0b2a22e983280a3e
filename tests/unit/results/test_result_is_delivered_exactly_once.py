"""O-24: two pods of one job, or one that is killed midway, leave one SEG and one SR."""

import asyncio

import numpy as np
import pytest
from tests.support.fake_store import TOKEN, FakeTimer, uids
from tests.support.results import NOW
from tests.unit.results.conftest import SHAPE, Bench

from meninx.base.errors import Rejected, Unavailable
from meninx.resources.inferencejob import Results
from meninx.resources.reasons import Reason
from meninx.steps.deliver import deliver
from meninx.steps.patience import Patience
from meninx.steps.store_client import connect
from meninx.steps.workspace import Workspace

ONCE = Patience(budget_seconds=0)
PATIENT = Patience(budget_seconds=30, first_seconds=1)


async def worker(bench: Bench, workspace: Workspace, patience: Patience = ONCE) -> Results:
    async with connect(bench.url, TOKEN, bench.task) as client:
        return await deliver(
            bench.task, client, workspace, now=NOW, patience=patience, timer=FakeTimer()
        )


@pytest.mark.parametrize("together", [True, False], ids=["at once", "one after the other"])
async def test_two_pods_of_one_job_leave_two_objects(bench: Bench, together: bool) -> None:
    pods = [bench.after_model(pod="first"), bench.after_model(pod="second")]
    if together:
        results = await asyncio.gather(*(worker(bench, pod) for pod in pods))
    else:
        results = [await worker(bench, pod) for pod in pods]
    assert results[0] == results[1]
    assert uids(bench.store) == sorted(results[0].sop_instance_uids)
    assert len(bench.store.objects) == 2
    assert len(bench.store.commits) == 1


async def test_pod_killed_between_objects_commits_nothing_and_the_next_completes(
    bench: Bench,
) -> None:
    bench.store.cut_after_parts = 1
    with pytest.raises(Unavailable):
        await worker(bench, bench.after_model(pod="killed"))
    assert (len(bench.store.objects), bench.store.commits) == (1, [])
    results = await worker(bench, bench.after_model(pod="next"))
    assert uids(bench.store) == sorted(results.sop_instance_uids)
    assert bench.store.commits[0]["results"] == results.manifest()


async def test_pod_killed_before_the_commit_is_completed_by_the_next(bench: Bench) -> None:
    bench.store.answers = []
    first = asyncio.create_task(worker(bench, bench.after_model(pod="killed")))
    while not bench.store.objects:
        await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    results = await worker(bench, bench.after_model(pod="next"))
    assert uids(bench.store) == sorted(results.sop_instance_uids)
    assert len(bench.store.commits) == 1


async def test_commit_of_an_object_that_was_lost_stores_it_again(bench: Bench) -> None:
    bench.store.answers = [200, 409]
    results = await worker(bench, bench.after_model(), PATIENT)
    assert uids(bench.store) == sorted(results.sop_instance_uids)
    assert bench.store.requests["POST"] == 2


async def test_healthy_study_commits_a_report_and_no_findings(bench: Bench) -> None:
    results = await worker(bench, bench.after_model(np.zeros(SHAPE, np.uint8)))
    assert results.findings == 0
    assert len(bench.store.objects) == 1
    assert bench.store.commits[0]["job_uid"] == bench.task.job_uid


async def test_result_with_what_is_no_number_is_never_stored(bench: Bench) -> None:
    workspace = bench.after_model(np.full(SHAPE, np.nan, np.float32))
    with pytest.raises(Rejected) as refusal:
        await worker(bench, workspace)
    assert refusal.value.reason == Reason.NOT_FINITE
    assert not bench.store.requests
