"""What the queue decides on: jobs, nodes and limits at one moment, as data."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from meninx.controller.queue import order
from meninx.controller.queue.capacity import Node, Request
from meninx.controller.queue.order import Priority, Turn
from meninx.resources.reasons import Reason


@dataclass(frozen=True)
class Held:
    """Why a job does not stand in line, whatever room there is."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True)
class Candidate:
    """One InferenceJob that is not finished."""

    uid: str
    name: str
    work: str
    """What counts as one for `concurrency`: the kind and name of the AIModel or AIPipeline."""
    created: dt.datetime
    request: Request
    priority: Priority = "Routine"
    concurrency: int | None = None
    state: Literal["waiting", "granted", "running"] = "waiting"
    """Running: its pod is on a node. Granted: it may have one, and none is placed yet."""
    node: str | None = None
    """Where its pod is, or where the last plan saw room for it."""
    not_before: dt.datetime | None = None
    deadline: dt.datetime | None = None
    held: Held | None = None
    preemptible: bool = True
    """False once the model has finished: what is left to do is short."""
    preempted: bool = False
    """It had been running, and waits because another took its place."""

    @cached_property
    def since(self) -> dt.datetime:
        """Return when its waiting began."""
        return order.waits_since(self.created, self.not_before)

    @cached_property
    def turn(self) -> Turn:
        """Return the key by which it is ordered."""
        return order.turn(self.priority, self.since, self.deadline, self.name)


@dataclass(frozen=True)
class Limits:
    """How the hospital wants its queue."""

    preempt: bool = False
    """A Stat that finds no room takes that of Routine jobs."""
    patience_seconds: float = 600.0
    """A job that has waited so long for room keeps what it waits for from its own priority too."""
    count_room: bool = True
    """False where nodes are made as pods ask for them: only concurrency holds jobs back."""


@dataclass(frozen=True)
class Snapshot:
    """Everything that a plan looks at."""

    now: dt.datetime
    jobs: tuple[Candidate, ...]
    nodes: tuple[Node, ...]
    limits: Limits = Limits()
