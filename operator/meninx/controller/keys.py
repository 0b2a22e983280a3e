"""A keyed queue: each key once, never twice at a time, later after a failure (no I/O, no clock)."""

import heapq
import itertools
import random
from collections.abc import Callable, Iterator
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


@dataclass(frozen=True, order=True)
class Turn:
    """When a key is due, after whom that were asked for earlier, and whether it lets others go first."""

    at: float
    number: int
    key: Key
    behind: bool = False


@dataclass
class KeyedQueue:
    """When each key is due. Times are seconds of any clock that only goes forward.

    Of what is due, keys put `behind` come after all others, however long they have been due:
    ten thousand jobs that arrive at once must not keep from its end the one that holds a GPU.
    """

    jitter: Callable[[float], float] = jittered
    _due: dict[Key, Turn] = field(default_factory=dict)
    _first: list[Turn] = field(default_factory=list)
    _behind: list[Turn] = field(default_factory=list)
    """Both may hold what is no longer so: only what agrees with `_due` counts."""
    _busy: set[Key] = field(default_factory=set)
    _failures: dict[Key, int] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def __len__(self) -> int:
        """Count the keys that wait, due or not."""
        return len(self._due)

    def put(self, key: Key, at: float, *, behind: bool = False) -> None:
        """Ask for a look at `key` at the latest at `at`; an earlier or a more urgent wish stays."""
        known = self._due.get(key)
        if known is not None:
            at, behind = min(at, known.at), behind and known.behind
            if (at, behind) == (known.at, known.behind):
                return
        self._set(Turn(at, next(self._numbers), key, behind))

    def clear(self) -> None:
        """Forget all wishes; keys in hands stay there."""
        self._due.clear()
        self._first.clear()
        self._behind.clear()

    def take(self, now: float) -> Key | None:
        """Return the key whose turn it is and that is in no other hands, marked as taken."""
        for heap in (self._first, self._behind):
            turn = self._top(heap)
            if turn is not None and turn.at <= now:
                heapq.heappop(heap)
                del self._due[turn.key]
                self._busy.add(turn.key)
                return turn.key
        return None

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
        self._set(Turn(now + delay, next(self._numbers), key))
        return delay

    def next_due(self) -> float | None:
        """Return when the next free key is due; None where nothing waits."""
        tops = (self._top(heap) for heap in (self._first, self._behind))
        return min((turn.at for turn in tops if turn is not None), default=None)

    def _top(self, heap: list[Turn]) -> Turn | None:
        while heap:
            turn = heap[0]
            if self._due.get(turn.key) == turn and turn.key not in self._busy:
                return turn
            heapq.heappop(heap)
        return None

    def _set(self, turn: Turn) -> None:
        self._due[turn.key] = turn
        if turn.key not in self._busy:
            heapq.heappush(self._behind if turn.behind else self._first, turn)

    def _free(self, key: Key) -> None:
        """Let a key be taken again; what was asked for while it was in hands is due as asked."""
        self._busy.discard(key)
        if key in self._due:
            self._set(self._due[key])
