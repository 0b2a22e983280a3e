import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from meninx.base.errors import Conflict, Unavailable
from meninx.controller.keys import SWEEP, Key, KeyedQueue
from meninx.controller.metrics import Metrics
from meninx.controller.worker import STUCK_SECONDS, Outcome, Reconcile, Worker

A, B = Key("InferenceJob", "meninx", "a"), Key("InferenceJob", "meninx", "b")
PATIENCE_SECONDS = 5.0


class Time:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Looks:
    """Says what each look leads to, and lets a test wait for what has been looked at."""

    def __init__(self, answer: Callable[[Key], Outcome] = lambda _: Outcome()) -> None:
        self.seen: list[Key] = []
        self._answer = answer
        self._news = threading.Condition()

    def __call__(self, key: Key) -> Outcome:
        with self._news:
            self.seen.append(key)
            self._news.notify_all()
        return self._answer(key)

    def wait(self, key: Key, times: int = 1) -> None:
        with self._news:
            done = self._news.wait_for(lambda: self.seen.count(key) >= times, PATIENCE_SECONDS)
        assert done, f"{key} was looked at {self.seen.count(key)} times"


@contextmanager
def working(
    look: Reconcile,
    time: Callable[[], float] | None = None,
    *,
    metrics: Metrics | None = None,
    queue: KeyedQueue | None = None,
) -> Iterator[Worker]:
    queue = KeyedQueue(jitter=lambda _: 0.0) if queue is None else queue
    clock = time or Time()
    worker = Worker(look, metrics or Metrics(), resync_seconds=30, time=clock, queue=queue)
    worker.start()
    try:
        yield worker
    finally:
        assert worker.stop(PATIENCE_SECONDS)


def test_first_look_is_at_everything() -> None:
    looks = Looks(lambda key: Outcome(keys=(A, B) if key.kind == SWEEP else ()))
    with working(looks) as worker:
        looks.wait(A)
        looks.wait(B)
        assert worker.swept
    assert looks.seen[0] == Key(SWEEP)


def test_order_of_the_first_look_is_that_of_the_sweep_whatever_was_asked_before() -> None:
    looks = Looks(lambda key: Outcome(keys=(B,), behind=(A,)) if key.kind == SWEEP else Outcome())
    queue = KeyedQueue()
    queue.put(A, 0)
    with working(looks, queue=queue):
        looks.wait(A)
    assert looks.seen.count(A) == 1
    assert looks.seen[0] == Key(SWEEP)


class Gate:
    """Holds each look at an object until it is opened; tells who is inside."""

    def __init__(self, *held: Key) -> None:
        self.held = held
        self.open = threading.Event()
        self.inside = threading.Semaphore(0)
        self.twice = False
        self._now: set[Key] = set()

    def __call__(self, key: Key) -> Outcome:
        if key in self.held:
            self.twice |= key in self._now
            self._now.add(key)
            self.inside.release()
            self.open.wait(PATIENCE_SECONDS)
            self._now.discard(key)
        return Outcome()


def test_same_key_is_never_in_two_hands() -> None:
    gate = Gate(A)
    looks = Looks(gate)
    with working(looks) as worker:
        worker.put(A)
        assert gate.inside.acquire(timeout=PATIENCE_SECONDS)
        worker.put(A)
        worker.put(B)
        looks.wait(B)
        gate.open.set()
        looks.wait(A, times=2)
    assert not gate.twice


def test_slow_look_does_not_delay_another_key() -> None:
    gate = Gate(A)
    looks = Looks(gate)
    with working(looks) as worker:
        worker.put(A)
        assert gate.inside.acquire(timeout=PATIENCE_SECONDS)
        worker.put(B)
        looks.wait(B)
        assert not gate.open.is_set()
        gate.open.set()


@pytest.mark.parametrize(
    "error", [Unavailable("away"), Conflict("changed"), ValueError("bug")], ids=str
)
def test_failed_look_is_counted_and_tried_again(error: Exception) -> None:
    metrics = Metrics()

    def fail_twice(key: Key) -> Outcome:
        if key == A and looks.seen.count(A) < 3:
            raise error
        return Outcome()

    looks = Looks(fail_twice)
    with working(looks, metrics=metrics) as worker:
        worker.put(A)
        looks.wait(A, times=3)
    name = type(error).__name__
    expected = f'meninx_reconcile_errors_total{{error="{name}",kind="InferenceJob"}} 2.0'
    assert expected in metrics.text().decode()


def test_server_that_asks_for_rest_gets_it() -> None:
    queue, busy = KeyedQueue(jitter=lambda _: 0.0), Unavailable("too many requests")
    busy.retry_after_seconds = 7.0

    def refuse(key: Key) -> Outcome:
        if key == A:
            raise busy
        return Outcome()

    looks = Looks(refuse)
    with working(looks, queue=queue) as worker:
        worker.put(A)
        looks.wait(A)
    assert queue.next_due() == 7.0


def test_look_that_asked_for_another_gets_it_when_time_has_come() -> None:
    time = Time()
    looks = Looks(lambda key: Outcome(look_again_seconds=10 if key == A else None))
    with working(looks, time) as worker:
        worker.put(A)
        looks.wait(A)
        worker.put(B)
        looks.wait(B)
        time.now = 11
        worker.put(B)
        looks.wait(A, times=2)


def test_wish_for_later_waits_and_an_earlier_one_wins() -> None:
    looks = Looks()
    with working(looks) as worker:
        worker.put(A, delay_seconds=100)
        worker.put(B)
        looks.wait(B)
        assert A not in looks.seen
        worker.put(A)
        looks.wait(A)


def test_everything_is_looked_at_again_after_the_resync_time() -> None:
    time, looks = Time(), Looks()
    with working(looks, time) as worker:
        looks.wait(Key(SWEEP))
        worker.put(A)
        looks.wait(A)
        time.now = 31
        worker.put(B)
        looks.wait(Key(SWEEP), times=2)


def test_worker_without_progress_says_that_it_is_stuck() -> None:
    time, gate = Time(), Gate(A)
    looks = Looks(gate)
    with working(looks, time) as worker:
        worker.put(A)
        assert gate.inside.acquire(timeout=PATIENCE_SECONDS)
        assert not worker.stuck()
        time.now = 31 + STUCK_SECONDS
        assert worker.stuck()
        gate.open.set()


def test_worker_of_a_standby_is_never_stuck() -> None:
    time = Time()
    worker = Worker(Looks(), Metrics(), resync_seconds=30, time=time)
    time.now = 1e6
    assert not worker.stuck()


def test_stop_waits_for_the_looks_that_have_begun() -> None:
    gate = Gate(A)
    looks = Looks(gate)
    worker = Worker(looks, Metrics(), resync_seconds=30)
    worker.start()
    worker.put(A)
    assert gate.inside.acquire(timeout=PATIENCE_SECONDS)
    assert not worker.stop(patience_seconds=0.0)
    worker.put(B)
    gate.open.set()
    assert worker.stop(PATIENCE_SECONDS)
    assert B not in looks.seen
