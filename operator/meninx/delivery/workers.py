"""Threads for what takes long: one at a time for each key, so that no peer holds up another."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from meninx.base.logs import Log
from meninx.delivery import metrics

_WORKERS = 8
_LOG = Log(__name__)


def _say_failure(future: Future[None]) -> None:
    error = None if future.cancelled() else future.exception()
    if error is not None:
        metrics.FAILURES.labels(type(error).__name__).inc()
        _LOG.warning("work beside the delivery loop failed", reason=type(error).__name__)


class Workers:
    """Runs work beside the loop."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="delivery")
        self._busy: dict[str, Future[None]] = {}

    def start(self, key: str, work: Callable[[], None]) -> None:
        """Begin work unless that of the same key is under way; it is due again at the next turn."""
        running = self._busy.get(key)
        if running is None or running.done():
            self._busy[key] = self._pool.submit(work)
            self._busy[key].add_done_callback(_say_failure)

    def settle(self) -> None:
        """Wait until what was started has ended."""
        for future in list(self._busy.values()):
            future.result()

    def close(self) -> None:
        """Start nothing more and wait for what is under way."""
        self._pool.shutdown(wait=True, cancel_futures=True)
