"""The hands that take keys from the queue: observe, decide, apply; a few at a time, in threads."""

import threading
import time as system_time
from collections.abc import Callable
from dataclasses import dataclass

from meninx.base.errors import Conflict, MeninxError
from meninx.base.logs import Log
from meninx.controller.keys import SWEEP, Key, KeyedQueue
from meninx.controller.metrics import Metrics

log = Log(__name__)

HANDS = 8
"""Most of a look is waiting for the API server's answers to its writes."""
STUCK_SECONDS = 180.0
"""Longer than any one look may take: every call to the API server has its own limit."""


@dataclass(frozen=True)
class Outcome:
    """What a look at a key led to."""

    look_again_seconds: float | None = None
    keys: tuple[Key, ...] = ()
    """Other keys to look at now."""
    behind: tuple[Key, ...] = ()
    """Other keys to look at when all else that is due has been."""


Reconcile = Callable[[Key], Outcome]


class Worker:
    """Runs `reconcile` for each key that is put; looks at everything every `resync_seconds`."""

    def __init__(
        self,
        reconcile: Reconcile,
        metrics: Metrics,
        *,
        resync_seconds: float,
        time: Callable[[], float] = system_time.monotonic,
        queue: KeyedQueue | None = None,
    ) -> None:
        self._reconcile = reconcile
        self._metrics = metrics
        self._resync_seconds = resync_seconds
        self._time = time
        self._queue = KeyedQueue() if queue is None else queue
        self._changed = threading.Condition()
        self._stopping = False
        self._hands: list[threading.Thread] = []
        self._looked_at = self._time()
        self.swept = False
        """True once everything has been looked at."""

    def put(self, key: Key, *, delay_seconds: float = 0.0, behind: bool = False) -> None:
        """Ask for a look at a key, from any thread; an earlier or a more urgent wish stays."""
        with self._changed:
            self._queue.put(key, self._time() + delay_seconds, behind=behind)
            self._changed.notify()

    def start(self) -> None:
        """Begin with a look at everything, in an order of its own: it stands for all asked till now."""
        self._looked_at = self._time()
        with self._changed:
            self._queue.clear()
        self.put(Key(SWEEP))
        for number in range(HANDS):
            hand = threading.Thread(target=self._work, name=f"hand-{number}", daemon=True)
            self._hands.append(hand)
            hand.start()

    def stop(self, patience_seconds: float = 20.0) -> bool:
        """Begin no further look; tell whether those that have begun came to an end."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        end = system_time.monotonic() + patience_seconds
        for hand in self._hands:
            hand.join(max(0.0, end - system_time.monotonic()))
        return not any(hand.is_alive() for hand in self._hands)

    @property
    def working(self) -> bool:
        """Tell whether it has been started and not stopped."""
        return bool(self._hands) and not self._stopping

    def stuck(self) -> bool:
        """Tell whether no look has come to an end for too long; the sweep makes sure of some."""
        idle = self._time() - self._looked_at
        return self.working and idle > self._resync_seconds + STUCK_SECONDS

    def _work(self) -> None:
        while (key := self._next()) is not None:
            self._look(key)

    def _next(self) -> Key | None:
        """Wait for the next key that is due; None when there is to be no other."""
        with self._changed:
            while not self._stopping:
                key = self._queue.take(self._time())
                if key is not None:
                    return key
                due = self._queue.next_due()
                self._changed.wait(None if due is None else max(0.0, due - self._time()))
        return None

    def _look(self, key: Key) -> None:
        started = self._time()
        try:
            outcome = self._reconcile(key)
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

    def _done(self, key: Key, outcome: Outcome) -> None:
        again = self._resync_seconds if key.kind == SWEEP else outcome.look_again_seconds
        with self._changed:
            now = self._time()
            self._queue.done(key, again_at=None if again is None else now + again)
            for other in outcome.keys:
                self._queue.put(other, now)
            for other in outcome.behind:
                self._queue.put(other, now, behind=True)
            self.swept = self.swept or key.kind == SWEEP
            self._changed.notify(1 + len(outcome.keys) + len(outcome.behind))

    def _again(self, key: Key, error: Exception) -> float:
        self._metrics.failures.labels(key.kind, type(error).__name__).inc()
        wish = getattr(error, "retry_after_seconds", None) or 0.0
        with self._changed:
            delay = self._queue.failed(key, self._time(), wish_seconds=wish)
            self._changed.notify()
        return delay

    def _failed(self, key: Key, error: Exception) -> None:
        delay = self._again(key, error)
        log.warning(
            f"a look failed and is tried again: {error}",
            kind=key.kind,
            name=key.name,
            seconds=round(delay, 1),
        )
