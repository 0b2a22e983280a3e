"""Snapshot of jobs and nodes to a plan: who may run now, and why the others wait (pure).

The phases of `plan`, in order:

1. Held out: a job that is suspended, cancelled, not due yet or has an obstacle does not stand in
   line, and one that has a place loses it. A job that runs is not held by `notBefore`.
2. Order: the rest wait by priority, then age, then nearer deadline, then name (`order`).
3. Concurrency: a model's jobs that may run count against its limit; at the limit a job waits and
   keeps no room. A job that keeps room keeps one of its model's turns too.
4. Room: pods on nodes are counted where they are, those that are not placed yet first of all
   (`room`). Then the line is gone through once, the Stat first. A job gets the first node, by
   name, with room for all it asks for. One that finds none is passed over, so a job that asks for
   something else is not blocked by it; but it keeps what it waits for on the node nearest to
   fitting, from every job of a lower priority, so that smaller ones can't slip in for ever. From
   jobs of its own priority it keeps it once it has waited for `patience_seconds`. Room is kept
   for the first KEEPS jobs that wait for it.
5. Preemption, where it is switched on: a Stat that finds no room, or its model at its concurrency,
   takes the place of trainings, which go on later from their checkpoint, or of the fewest Routine
   jobs, the newest of them, on one node (`preempt`). Nobody gives way where the Stat would still
   not fit, nor after its model has finished.
6. Positions: those who wait are counted in order.

Jobs that ask for the same share one answer, so the cost of a plan grows with the jobs that may run
and the kinds of requests, and only by a glance with those that wait.
"""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from meninx.base.clock import to_rfc3339
from meninx.controller.queue.capacity import Request
from meninx.controller.queue.order import PRIORITIES, Priority, in_order
from meninx.controller.queue.plan import Plan
from meninx.controller.queue.preempt import Victims, may_give_way, victims
from meninx.controller.queue.room import Room
from meninx.controller.queue.snapshot import Candidate, Held, Snapshot
from meninx.resources.reasons import Reason

KEEPS = 100
PREEMPTED = Held(Reason.PREEMPTED)


def plan(snapshot: Snapshot) -> Plan:
    """Return who may run now, and why the others wait."""
    board = _Board(snapshot, Room.of(snapshot.nodes))
    waiting, seated = _hold_out(snapshot, board.why)
    line = in_order(waiting)
    board.seat(seated)
    for priority, jobs in groupby(line, lambda job: job.priority):
        board.serve(priority, list(jobs))
    line = [job for job in line if job.uid not in board.may_run]
    if board.gave_way:
        line = in_order([*line, *board.gave_way])
    return Plan(
        granted=tuple(board.granted),
        preempted=tuple(job.uid for job in board.gave_way),
        placed=board.placed,
        line=tuple(line),
        may_run=frozenset(board.may_run),
        why=board.why,
        look_again_seconds=_next_due(snapshot),
    )


def _hold_out(snapshot: Snapshot, why: dict[str, Held]) -> tuple[list[Candidate], list[Candidate]]:
    """Phase 1: return who stands in line and who has a place; note why the others do neither."""
    waiting: list[Candidate] = []
    seated: list[Candidate] = []
    for job in snapshot.jobs:
        if job.held is not None:
            why[job.uid] = job.held
        elif job.state != "waiting":
            seated.append(job)
        elif job.not_before is not None and job.not_before > snapshot.now:
            why[job.uid] = Held(Reason.NOT_YET, f"Not before: {to_rfc3339(job.not_before)}.")
        else:
            waiting.append(job)
    return waiting, seated


def _next_due(snapshot: Snapshot) -> float | None:
    due = (job.not_before for job in snapshot.jobs if job.not_before and job.held is None)
    rest = ((moment - snapshot.now).total_seconds() for moment in due if moment > snapshot.now)
    return min(rest, default=None)


@dataclass
class _Board:
    """The state of one plan while it is made."""

    snapshot: Snapshot
    room: Room
    may_run: set[str] = field(default_factory=set)
    granted: list[str] = field(default_factory=list)
    placed: dict[str, str] = field(default_factory=dict)
    why: dict[str, Held] = field(default_factory=dict)
    gave_way: list[Candidate] = field(default_factory=list)
    running: Counter[str] = field(default_factory=Counter)
    """By work, how many may run, or keep room to do so."""
    may_go: dict[int, list[Candidate]] = field(default_factory=dict)
    """By node, the jobs that may be preempted."""
    hopeless: set[tuple[Request, str]] = field(default_factory=set)
    """What nobody can give way for: as a plan goes on there is only less."""
    kept: int = 0

    def seat(self, jobs: Sequence[Candidate]) -> None:
        """Count those that may run already, on their nodes or where they will go."""
        on_nodes = [job for job in jobs if job.state == "running" and job.node is not None]
        for job in on_nodes:
            self._seat(job, self.room.index.get(job.node or ""))
        rest = [job for job in in_order(jobs) if job.uid not in self.may_run]
        for job in rest:
            node = self.room.place(job.request, job.node)
            if node is None and self.snapshot.limits.count_room:
                self.room.keep(job.name, job.request)
            self._seat(job, node)

    def _seat(self, job: Candidate, node: int | None) -> None:
        self.may_run.add(job.uid)
        self.running[job.work] += 1
        if node is None:
            return
        self.room.take(node, job.request)
        if job.state != "running":
            self.placed[job.uid] = self.room.nodes[node].name
        if may_give_way(job):
            self.may_go.setdefault(node, []).append(job)

    def serve(self, priority: Priority, line: Sequence[Candidate]) -> None:
        """Phases 3 to 5 for the jobs of one priority, in order; then keep room for the rest."""
        patient = self.snapshot.now - dt.timedelta(seconds=self.snapshot.limits.patience_seconds)
        stuck: list[Candidate] = []
        no_room: dict[Request, Held] = {}
        for job in line:
            full = self._concurrency(job) if job.concurrency is not None else None
            verdict = full or no_room.get(job.request) or self._grant(job)
            if verdict is None or self._preempts(job, at_limit=full is not None):
                continue
            self.why[job.uid] = PREEMPTED if job.preempted else verdict
            if full is not None:
                continue
            no_room[job.request] = verdict
            if self.kept + len(stuck) >= KEEPS:
                continue
            if job.since <= patient:
                self._keep(job)
            else:
                stuck.append(job)
        for job in stuck if priority != PRIORITIES[-1] else ():
            self._keep(job)

    def _concurrency(self, job: Candidate) -> Held | None:
        """Phase 3: say that the model's limit is reached."""
        limit = job.concurrency
        if limit is None or self.running[job.work] < limit:
            return None
        return Held(Reason.CONCURRENCY_REACHED, f"Limit: {limit}.")

    def _grant(self, job: Candidate) -> Held | None:
        """Phase 4: let a job run where it fits, or say why it does not."""
        node = self.room.first_fit(job.request)
        if node is None and self.snapshot.limits.count_room:
            return self._no_room(job.request)
        self.granted.append(job.uid)
        self._seat(job, node)
        return None

    def _no_room(self, request: Request) -> Held:
        if self.room.never_fits(request):
            return Held(Reason.NO_MATCHING_NODE, self.room.short(request))
        keeper = self.room.keeper(request)
        if keeper is not None:
            return Held(Reason.QUEUED, f"Room is kept for {keeper}, which goes first.")
        return Held(Reason.NO_CAPACITY, self.room.short(request))

    def _keep(self, job: Candidate) -> None:
        """Keep room, and one of its model's turns: a place to run without the right to is none."""
        if self.kept >= KEEPS or self._concurrency(job) is not None:
            return
        if self.room.keep(job.name, job.request):
            self.kept += 1
            self.running[job.work] += 1

    def _preempts(self, stat: Candidate, *, at_limit: bool) -> bool:
        """Phase 5: let a Stat run that fits when Routine jobs give way; tell whether it does."""
        if not self.snapshot.limits.preempt or stat.priority != "Stat":
            return False
        if (stat.request, stat.work) in self.hopeless:
            return False
        slot_of = stat.work if at_limit else None
        found = victims(stat, self.room, self.may_go, slot_of=slot_of)
        if found is None:
            self.hopeless.add((stat.request, stat.work))
            return False
        self._give_way(stat, found)
        return True

    def _give_way(self, stat: Candidate, found: Victims) -> None:
        for job in found.jobs:
            self.room.give_back(found.node, job.request)
            self.may_go[found.node].remove(job)
            self.may_run.discard(job.uid)
            self.placed.pop(job.uid, None)
            self.running[job.work] -= 1
            self.gave_way.append(job)
            self.why[job.uid] = PREEMPTED
        self.granted.append(stat.uid)
        self._seat(stat, found.node)
