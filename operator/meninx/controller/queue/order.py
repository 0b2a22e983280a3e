"""Whose turn comes first: priority, then age, then the nearer deadline, then the name (pure)."""

import datetime as dt
from collections.abc import Iterable
from typing import Literal, Protocol, TypeVar

Priority = Literal["Stat", "Urgent", "Routine", "Training"]
PRIORITIES: tuple[Priority, ...] = ("Stat", "Urgent", "Routine", "Training")
"""Training is no priority of a job: TrainingJobs come after all of them."""
_RANK = {priority: rank for rank, priority in enumerate(PRIORITIES)}
_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)

Turn = tuple[int, dt.datetime, dt.datetime, str]


class InLine(Protocol):
    """Anything that has a turn."""

    @property
    def turn(self) -> Turn:
        """Return the key by which it is ordered."""
        ...


T = TypeVar("T", bound=InLine)


def waits_since(created: dt.datetime, not_before: dt.datetime | None) -> dt.datetime:
    """Return when a job's waiting began: a job for the night is not older than the night."""
    return created if not_before is None else max(created, not_before)


def turn(priority: Priority, since: dt.datetime, deadline: dt.datetime | None, name: str) -> Turn:
    """Return the key by which jobs are ordered.

    Creation has whole seconds in the API, so a study's jobs are often of one age: there the nearer
    deadline goes first. It does not go before age, or short deadlines would starve the rest.
    """
    return _RANK[priority], since, deadline or _NEVER, name


def in_order(jobs: Iterable[T]) -> list[T]:
    """Return the jobs, next first."""
    return sorted(jobs, key=lambda job: job.turn)
