"""Trying again while a peer is away: with growing pauses, within a bounded time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from meninx.base.errors import MeninxError
from meninx.base.logs import Log

T = TypeVar("T")
_log = Log("meninx.steps")


@dataclass(frozen=True)
class Patience:
    """How long to go on, and the pauses in between: the first, doubled each time up to the most."""

    budget_seconds: float = 120.0
    first_seconds: float = 0.5
    most_seconds: float = 15.0


class Timer(Protocol):
    """A monotonic clock that can wait."""

    def seconds(self) -> float:
        """Return seconds since some moment."""
        ...

    async def wait(self, seconds: float) -> None:
        """Wait."""
        ...


class RealTimer:
    """The machine's time."""

    def seconds(self) -> float:
        """Return seconds since some moment."""
        return time.monotonic()

    async def wait(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


async def patiently(
    attempt: Callable[[], Awaitable[T]], patience: Patience, *, timer: Timer, step: str
) -> T:
    """Return what an attempt returns; try again after a retryable error until the time is up.

    Raises the last error when it is; other errors at once.
    """
    end = timer.seconds() + patience.budget_seconds
    pause = patience.first_seconds
    tried = 0
    while True:
        tried += 1
        try:
            return await attempt()
        except MeninxError as error:
            if not error.retryable or timer.seconds() + pause > end:
                raise
            _log.warning("trying again", step=step, attempt=tried, error=str(error), seconds=pause)
        await timer.wait(pause)
        pause = min(2 * pause, patience.most_seconds)
