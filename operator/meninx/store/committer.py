"""Group commit: the one thread that writes the index, many changes to a sync."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from meninx.base.errors import MeninxError, OutOfSpace, Unavailable
from meninx.base.logs import Log

T = TypeVar("T")
Change = Callable[[Connection], Any]
_BATCH = 64
_LOG = Log(__name__)


@dataclass(frozen=True)
class _Item:
    change: Change
    done: Future[Any] = field(default_factory=Future)


def as_ours(error: DBAPIError) -> MeninxError:
    """Return the error of ours for a failure of the database."""
    text = str(error.orig).lower()
    if "full" in text or "disk i/o" in text:
        return OutOfSpace("no room for the index: free space on its volume")
    return Unavailable(f"the index can't be written ({type(error.orig).__name__}): try again")


class Committer:
    """Applies changes in order; `submit` returns when the change is durable."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-committer", daemon=True)
        self._thread.start()

    def submit(self, change: Callable[[Connection], T]) -> T:
        """Apply a change and wait until it is on disk; raises what it raised, or OutOfSpace."""
        item = _Item(change)
        with self._lock:
            if self._closed:
                raise Unavailable("the store is closing: try again")
            self._queue.put(item)
        result: T = item.done.result()
        return result

    @property
    def is_alive(self) -> bool:
        """Whether changes are being applied."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Apply what was submitted, then stop."""
        with self._lock:
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, more = self._batch(first)
            self._commit(batch)
            if not more:
                return

    def _batch(self, first: _Item) -> tuple[list[_Item], bool]:
        batch = [first]
        while len(batch) < _BATCH:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
            if item is None:
                return batch, False
            batch.append(item)
        return batch, True

    def _commit(self, batch: list[_Item]) -> None:
        try:
            with self._engine.begin() as connection:
                results = [item.change(connection) for item in batch]
        except Exception as error:  # noqa: BLE001 - the edge: a change's error belongs to its caller
            self._failed(batch, error)
            return
        for item, result in zip(batch, results, strict=True):
            item.done.set_result(result)

    def _failed(self, batch: list[_Item], error: Exception) -> None:
        """Give the error to its caller; of several, try each alone so that only one fails."""
        if len(batch) > 1:
            for item in batch:
                self._commit([item])
            return
        ours = as_ours(error) if isinstance(error, DBAPIError) else error
        if not isinstance(ours, MeninxError):
            _LOG.error("a change of the index failed", reason=type(error).__name__)
        batch[0].done.set_exception(ours)
