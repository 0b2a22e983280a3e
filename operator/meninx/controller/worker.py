"""The loop that takes keys from the queue: observe, decide, apply; a few at a time, in threads."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from meninx.base.errors import Conflict, MeninxError
from meninx.base.logs import Log
from meninx.controller.keys import SWEEP, Key, KeyedQueue
from meninx.controller.metrics import Metrics

log = Log(__name__)

HANDS = 4
STUCK_SECONDS = 180.0
"""Longer than any one look may take: every call to the API server has its own limit."""


@dataclass(frozen=True)
class Outcome:
    """What a look at a key led to."""

    look_again_seconds: float | None = None
    keys: tuple[Key, ...] = ()
    """Other keys to look at now."""


Reconcile = Callable[[Key], Outcome]


class Worker:
    """Runs `reconcile` for each key that is put; looks at everything every `resync_seconds`."""

    def __init__(
        self,
        reconcile: Reconcile,
        metrics: Metrics,
        *,
        resync_seconds: float,
        time: Callable[[], float] | None = None,
        queue: KeyedQueue | None = None,
    ) -> None:
        self._reconcile = reconcile
        self._metrics = metrics
        self._resync_seconds = resync_seconds
        self._time = time or asyncio.get_running_loop().time
        self._queue = KeyedQueue() if queue is None else queue
        self._changed = asyncio.Event()
        self._hands = asyncio.Semaphore(HANDS)
        self._looked_at = self._time()
        self.swept = False

    def put(self, key: Key) -> None:
        """Ask for a look at a key now; to be called in the loop's own thread."""
        self._queue.put(key, self._time())
        self._changed.set()

    def stuck(self) -> bool:
        """Tell whether no look has come to an end for too long; the sweep makes sure of some."""
        return self._time() - self._looked_at > self._resync_seconds + STUCK_SECONDS

    async def run(self) -> None:
        """Work until cancelled; looks that have begun are finished first."""
        self.put(Key(SWEEP))
        async with asyncio.TaskGroup() as looks:
            try:
                while True:
                    await self._hands.acquire()
                    key = await self._next()
                    looks.create_task(self._look(key))
            except asyncio.CancelledError:
                log.info("the operator stops after the looks that have begun")

    async def _next(self) -> Key:
        while True:
            self._changed.clear()
            key = self._queue.take(self._time())
            if key is not None:
                return key
            due = self._queue.next_due()
            await self._changed_or_after(None if due is None else due - self._time())

    async def _changed_or_after(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _look(self, key: Key) -> None:
        started = self._time()
        try:
            outcome = await asyncio.to_thread(self._reconcile, key)
        except Conflict as error:
            self._again(key, error)
        except MeninxError as error:
            self._failed(key, error)
        except Exception as error:  # noqa: BLE001 - one object must not stop the others
            log.error("a look ended in a bug of ours", kind=key.kind, name=key.name)  # noqa: TRY400
            self._failed(key, error)
        else:
            self._done(key, outcome)
        finally:
            self._looked_at = self._time()
            self._metrics.looked(key.kind, self._looked_at - started)
            self._metrics.queue.set(len(self._queue))
            self._hands.release()
            self._changed.set()

    def _done(self, key: Key, outcome: Outcome) -> None:
        now = self._time()
        again = self._resync_seconds if key.kind == SWEEP else outcome.look_again_seconds
        self._queue.done(key, again_at=None if again is None else now + again)
        self.swept = self.swept or key.kind == SWEEP
        for other in outcome.keys:
            self.put(other)

    def _again(self, key: Key, error: Exception) -> float:
        self._metrics.failures.labels(key.kind, type(error).__name__).inc()
        return self._queue.failed(key, self._time())

    def _failed(self, key: Key, error: Exception) -> None:
        delay = self._again(key, error)
        log.warning(
            f"a look failed and is tried again: {error}",
            kind=key.kind,
            name=key.name,
            seconds=round(delay, 1),
        )
