"""A keyed queue: each key once, never twice at a time, later after a failure (no I/O, no clock)."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

SWEEP = "Sweep"
FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 0.5, 60.0


@dataclass(frozen=True, order=True)
class Key:
    """What to look at: one object, or everything (SWEEP)."""

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
    _busy: set[Key] = field(default_factory=set)
    _failures: dict[Key, int] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the keys that wait, due or not."""
        return len(self._due)

    def put(self, key: Key, at: float) -> None:
        """Ask for a look at `key` at the latest at `at`; an earlier wish stays."""
        self._due[key] = min(at, self._due.get(key, at))

    def take(self, now: float) -> Key | None:
        """Return the key that has been due longest and is in no other hands, marked as taken."""
        ready = [
            (due, key) for key, due in self._due.items() if due <= now and key not in self._busy
        ]
        if not ready:
            return None
        _, key = min(ready)
        del self._due[key]
        self._busy.add(key)
        return key

    def done(self, key: Key, *, again_at: float | None = None) -> None:
        """Give a key back after success."""
        self._busy.discard(key)
        self._failures.pop(key, None)
        if again_at is not None:
            self.put(key, again_at)

    def failed(self, key: Key, now: float) -> float:
        """Give a key back after a failure; return the seconds until it is tried again."""
        self._busy.discard(key)
        count = self._failures.get(key, 0)
        self._failures[key] = count + 1
        delay = self.jitter(min(FIRST_DELAY_SECONDS * 2**count, LONGEST_DELAY_SECONDS))
        self._due[key] = now + delay
        return delay

    def next_due(self) -> float | None:
        """Return when the next free key is due; None where nothing waits."""
        return min((due for key, due in self._due.items() if key not in self._busy), default=None)
