import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from meninx.base.errors import Conflict, Unavailable
from meninx.controller.keys import SWEEP, Key, KeyedQueue
from meninx.controller.metrics import Metrics
from meninx.controller.worker import STUCK_SECONDS, Outcome, Reconcile, Worker

A, B = Key("InferenceJob", "meninx", "a"), Key("InferenceJob", "meninx", "b")


class Time:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def working(
    reconcile: Reconcile,
    time: Callable[[], float] | None = None,
    *,
    metrics: Metrics | None = None,
    queue: KeyedQueue | None = None,
) -> AsyncIterator[Worker]:
    queue = KeyedQueue(jitter=lambda _: 0.0) if queue is None else queue
    worker = Worker(reconcile, metrics or Metrics(), resync_seconds=30, time=time, queue=queue)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        task.cancel()
        await task


async def _until(question: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not question():
            await asyncio.sleep(0)


async def test_first_look_is_at_everything() -> None:
    seen: list[Key] = []

    def look(key: Key) -> Outcome:
        seen.append(key)
        return Outcome(keys=(A, B) if key.kind == SWEEP else ())

    async with working(look) as worker:
        await _until(lambda: len(seen) == 3)
        assert worker.swept
    assert seen[0] == Key(SWEEP)
    assert set(seen[1:]) == {A, B}


class Gate:
    """A look that holds its key until the gate opens, and keeps count."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.held: set[Key] = set()
        self.count = 0

    def look(self, key: Key) -> Outcome:
        if key.kind != SWEEP:
            assert key not in self.held
            self.held.add(key)
            self.open.wait(5)
            self.held.discard(key)
            self.count += 1
        return Outcome()


async def test_same_key_is_never_in_two_hands() -> None:
    gate = Gate()
    async with working(gate.look) as worker:
        worker.put(A)
        worker.put(B)
        await _until(lambda: gate.held == {A, B})
        worker.put(A)
        gate.open.set()
        await _until(lambda: gate.count == 3)


@pytest.mark.parametrize(
    "error", [Unavailable("away"), Conflict("changed"), ValueError("bug")], ids=str
)
async def test_failed_look_is_counted_and_tried_again(error: Exception) -> None:
    metrics, tries = Metrics(), []

    def look(key: Key) -> Outcome:
        if key == A:
            tries.append(key)
            if len(tries) < 3:
                raise error
        return Outcome()

    async with working(look, metrics=metrics) as worker:
        worker.put(A)
        await _until(lambda: len(tries) == 3)
    name = type(error).__name__
    expected = f'meninx_reconcile_errors_total{{error="{name}",kind="InferenceJob"}} 2.0'
    assert expected in metrics.text().decode()


async def test_look_that_asked_for_another_gets_it_when_time_has_come() -> None:
    time, count, queue = Time(), 0, KeyedQueue()

    def look(key: Key) -> Outcome:
        nonlocal count
        count += key == A
        return Outcome(look_again_seconds=10 if key == A else None)

    async with working(look, time, queue=queue) as worker:
        worker.put(A)
        await _until(lambda: queue.next_due() == 10)
        time.now = 11
        worker.put(B)
        await _until(lambda: count == 2)


async def test_everything_is_looked_at_again_after_the_resync_time() -> None:
    time, sweeps = Time(), 0

    def look(key: Key) -> Outcome:
        nonlocal sweeps
        sweeps += key.kind == SWEEP
        return Outcome()

    async with working(look, time) as worker:
        await _until(lambda: worker.swept)
        time.now = 31
        worker.put(A)
        await _until(lambda: sweeps == 2)


async def test_worker_without_progress_says_that_it_is_stuck() -> None:
    time = Time()
    async with working(lambda _: Outcome(), time) as worker:
        await _until(lambda: worker.swept)
        assert not worker.stuck()
        time.now = 31 + STUCK_SECONDS
        assert worker.stuck()
        worker.put(A)
        await _until(lambda: not worker.stuck())


async def test_stop_waits_for_the_looks_that_have_begun() -> None:
    begun, finished = threading.Event(), threading.Event()

    def look(key: Key) -> Outcome:
        if key == A:
            begun.set()
            threading.Event().wait(0.05)
            finished.set()
        return Outcome()

    async with working(look) as worker:
        worker.put(A)
        await _until(begun.is_set)
    assert finished.is_set()
