"""A keyed queue: each key once, never twice at a time, later after a failure (no I/O, no clock)."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

SWEEP = "Sweep"
QUEUE = "Queue"
FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 0.5, 60.0


@dataclass(frozen=True, order=True)
class Key:
    """What to look at: one object, everything (SWEEP), or whose turn it is (QUEUE)."""

    kind: str
    namespace: str = ""
    name: str = ""


def jittered(delay_seconds: float) -> float:
    """Return a delay spread over half to one and a half of itself."""
    return delay_seconds * random.uniform(0.5, 1.5)  # noqa: S311 - no secret


@dataclass
class KeyedQueue:
    """When each key is due. Times are seconds of any clock that only goes forward."""

    jitter: Callable[[float], float] = jittered
    _due: dict[Key, float] = field(default_factory=dict)
    _heap: list[tuple[float, Key]] = field(default_factory=list)
    """May hold what is no longer so: only what agrees with `_due` counts."""
    _busy: set[Key] = field(default_factory=set)
    _failures: dict[Key, int] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the keys that wait, due or not."""
        return len(self._due)

    def put(self, key: Key, at: float) -> None:
        """Ask for a look at `key` at the latest at `at`; an earlier wish stays."""
        due = self._due.get(key)
        if due is None or at < due:
            self._set(key, at)

    def take(self, now: float) -> Key | None:
        """Return the key that has been due longest and is in no other hands, marked as taken."""
        due = self.next_due()
        if due is None or due > now:
            return None
        _, key = heapq.heappop(self._heap)
        del self._due[key]
        self._busy.add(key)
        return key

    def done(self, key: Key, *, again_at: float | None = None) -> None:
        """Give a key back after success."""
        self._failures.pop(key, None)
        self._free(key)
        if again_at is not None:
            self.put(key, again_at)

    def failed(self, key: Key, now: float, *, wish_seconds: float = 0.0) -> float:
        """Give a key back after a failure; return the seconds until it is tried again."""
        count = self._failures.get(key, 0)
        self._failures[key] = count + 1
        delay = self.jitter(min(FIRST_DELAY_SECONDS * 2.0 ** min(count, 10), LONGEST_DELAY_SECONDS))
        delay = max(delay, wish_seconds)
        self._busy.discard(key)
        self._set(key, now + delay)
        return delay

    def next_due(self) -> float | None:
        """Return when the next free key is due; None where nothing waits."""
        while self._heap:
            due, key = self._heap[0]
            if self._due.get(key) == due and key not in self._busy:
                return due
            heapq.heappop(self._heap)
        return None

    def _set(self, key: Key, at: float) -> None:
        self._due[key] = at
        if key not in self._busy:
            heapq.heappush(self._heap, (at, key))

    def _free(self, key: Key) -> None:
        """Let a key be taken again; what was asked for while it was in hands is due as asked."""
        self._busy.discard(key)
        if key in self._due:
            heapq.heappush(self._heap, (self._due[key], key))
