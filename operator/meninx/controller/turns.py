"""Whose turn it is: the newest plan of the queue, made anew from the cache as things change."""

import datetime as dt
import threading
import time as system_time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from pydantic import ValidationError

from meninx.controller.job.observed import Observed
from meninx.controller.keys import Key
from meninx.controller.queue import kueue
from meninx.controller.queue.admission import UNDECIDED, Admission
from meninx.controller.queue.admit import plan
from meninx.controller.queue.capacity import Node, node_of
from meninx.controller.queue.plan import Plan
from meninx.controller.queue.snapshot import Candidate, Limits, Snapshot
from meninx.controller.queue.standing import Memory, candidate, holds_a_turn, is_over, training
from meninx.controller.training.observed import Observed as ObservedTraining
from meninx.controller.works import Objects, Works
from meninx.kube.kinds import (
    AIMODEL,
    AIPIPELINE,
    INFERENCEJOB,
    JOB,
    NODE,
    POD,
    TRAININGJOB,
    Kind,
)
from meninx.resources import names
from meninx.resources.inferencejob import TERMINAL, InferenceJobSpec
from meninx.resources.reasons import Reason

Manifest = Mapping[str, Any]

GRANT_SECONDS = 60.0
"""A turn that no Kubernetes Job came of in so long is given to another."""
TELL_SECONDS = 10.0
"""How often it is looked whether places in line are worth telling."""
KUEUE_SECONDS = 10.0
"""How often it is looked whether Kueue is there, while jobs wait for it."""
FRONT = 10
"""So near to the front each step is told."""
_SHARE = 4.0
"""A plan is made again after so many times of what the last one took: a fifth of a core at most."""
TRAINING = f"{TRAININGJOB.kind}/"
"""What goes before a training's name: an InferenceJob may have the same."""
_NEEDED = (INFERENCEJOB, JOB, POD, NODE)
NO_KUEUE = kueue.NoKueue()


class Change(Protocol):
    """An object that came, changed or went."""

    @property
    def kind(self) -> Kind:
        """Return its kind."""
        ...

    @property
    def manifest(self) -> dict[str, Any]:
        """Return it as it is, or was."""
        ...

    @property
    def gone(self) -> bool:
        """Tell whether it went."""
        ...

    @property
    def ours(self) -> bool:
        """Tell whether we wrote it ourselves."""
        ...


@dataclass
class _Entry:
    """One InferenceJob that is not over."""

    uid: str
    key: Key
    work: str
    standing: Candidate | None
    memory: Memory
    kueues: bool = False
    told: tuple[str, int] | None = None
    """Reason and place that its status was last asked to show."""


@dataclass
class _News:
    """What has changed since the last plan, as it was heard."""

    jobs: set[str] = field(default_factory=set)
    works: bool = True
    nodes: bool = True


class Turns:
    """The queue's memory: a summary of each job, what was granted, and the newest plan."""

    def __init__(
        self,
        objects: Objects,
        *,
        gpu_product: str | None = None,
        limits: Limits | None = None,
        kueues: kueue.Kueues = NO_KUEUE,
        time: Callable[[], float] = system_time.monotonic,
    ) -> None:
        self._objects = objects
        self._works = Works(objects, gpu_product)
        self._limits = limits or Limits()
        self._kueues = kueues
        self._asks_kueue = False
        self._time = time
        self._lock = threading.Lock()
        self._news = _News()
        self._entries: dict[str, _Entry] = {}
        self._names: dict[str, str] = {}
        self._nodes: tuple[Node, ...] = ()
        self._plan = Plan()
        self._begun = False
        self._unsettled: set[str] = set()
        self._due: dt.datetime | None = None
        self._free_at = 0.0
        self._tell_at = 0.0
        self.look_again_seconds: float | None = None
        """When to recompute at the latest, though nothing changes."""

    # what is heard

    def heard(self, change: Change) -> None:
        """Take note of a change; quick, to be called in any thread."""
        metadata = change.manifest["metadata"]
        with self._lock:
            if change.kind == NODE:
                self._news.nodes = True
            elif change.kind in {AIMODEL, AIPIPELINE}:
                self._news.works = True
            elif change.kind == INFERENCEJOB:
                if change.gone or not change.ours or _ended(change.manifest):
                    self._news.jobs.add(str(metadata["name"]))
            elif change.kind == TRAININGJOB:
                self._news.jobs.add(TRAINING + str(metadata["name"]))
            elif change.kind in {JOB, POD}:
                notes = metadata.get("annotations") or {}
                if name := notes.get(names.LABEL_JOB):
                    self._news.jobs.add(str(name))
                elif name := notes.get(names.LABEL_TRAINING):
                    self._news.jobs.add(TRAINING + str(name))

    # what is asked

    def admission(self, uid: str) -> Admission:
        """Return what the newest plan says of a job."""
        name = self._names.get(uid)
        entry = self._entries.get(name) if name else None
        if entry is None:
            return UNDECIDED
        if entry.kueues:
            return self._of_kueue(entry)
        return self._plan.admission(uid)

    def _of_kueue(self, entry: _Entry) -> Admission:
        job = self._objects.get(JOB, names.kubernetes_job(entry.key.name, entry.uid))
        said = self._kueues.word(str(job["metadata"]["uid"])) if job else kueue.SILENCE
        return kueue.admission(said, installed=self._kueues.installed())

    def waiting(self) -> tuple[Candidate, ...]:
        """Return the jobs that stand in line, next first."""
        return self._plan.line

    def running(self) -> tuple[Candidate, ...]:
        """Return the jobs that may run."""
        may_run = self._plan.may_run
        return tuple(job for job in self._standings() if job.uid in may_run)

    # what is decided

    def recompute(self, now: dt.datetime) -> tuple[Key, ...]:
        """Make a new plan; return the keys of jobs that are to be looked at because of it.

        Until everything was listed once there is no plan: what exists must be known before
        anything is granted.
        """
        started = self._time()
        if not self._objects.synced(_NEEDED):
            self.look_again_seconds = 1.0
            return ()
        if started < self._free_at:
            self.look_again_seconds = self._free_at - started
            return ()
        changed = self._take_in(now)
        keys: list[Key] = []
        if changed or (self._due is not None and self._due <= now):
            self._plan = plan(Snapshot(now, tuple(self._standings()), self._nodes, self._limits))
            rest = self._plan.look_again_seconds
            self._due = None if rest is None else now + dt.timedelta(seconds=rest)
            keys += self._follow(now)
        keys += self._tell(started)
        keys += self._for_kueue()
        self._free_at = self._time() + _SHARE * (self._time() - started)
        self.look_again_seconds = self._next_look(now)
        return tuple(dict.fromkeys(keys))

    def _standings(self) -> Iterator[Candidate]:
        for entry in tuple(self._entries.values()):
            if entry.standing is not None:
                yield entry.standing

    def _take_in(self, now: dt.datetime) -> bool:
        """Read anew what has changed; tell whether that may lead to another plan."""
        with self._lock:
            news, self._news = self._news, _News(works=False, nodes=False)
        if not self._begun:
            news.jobs.update(self._objects.versions(INFERENCEJOB))
            news.jobs.update(TRAINING + name for name in self._objects.versions(TRAININGJOB))
            self._begun = True
        nodes = self._nodes
        if news.nodes:
            self._nodes = tuple(node_of(node) for node in self._objects.all(NODE))
        if news.works:
            changed = self._works.refresh()
            news.jobs.update(
                line
                for line, entry in self._entries.items()
                if entry.work in changed or line.startswith(TRAINING)
            )
        moved = [self._look(name, now) for name in news.jobs | self._unsettled]
        return any(moved) or nodes != self._nodes

    def _look(self, name: str, now: dt.datetime) -> bool:
        """Read a job's objects anew; tell whether its standing is another."""
        before = self._entries.get(name)
        entry = self._read(name, before, now)
        self._unsettled.discard(name)
        if before is not None and (entry is None or entry.uid != before.uid):
            self._names.pop(before.uid, None)
        if entry is None:
            self._entries.pop(name, None)
        else:
            self._entries[name] = entry
            self._names[entry.uid] = name
            if entry.memory.waits_for_news:
                self._unsettled.add(name)
        return (before and before.standing) != (entry and entry.standing)

    def _read(self, name: str, before: _Entry | None, now: dt.datetime) -> _Entry | None:
        """Return what is kept of a job; None where it is gone, over or no job that can be read."""
        if name.startswith(TRAINING):
            return self._read_training(name, before, now)
        resource = self._objects.get(INFERENCEJOB, name)
        spec = None if resource is None else _spec(resource)
        if resource is None or spec is None:
            return None
        uid = str(resource["metadata"]["uid"])
        known = before if before is not None and before.uid == uid else None
        work = self._works.of(spec)
        observed = self._observed(resource, work.chain)
        if is_over(observed):
            return None
        memory = _remembered(known.memory if known else Memory(), observed, now)
        standing = candidate(observed, work, memory)
        return _Entry(
            uid=uid,
            key=_key(resource),
            work=work.key,
            standing=standing,
            memory=memory,
            kueues=bool(spec.queue_name) or observed.is_kueues,
            told=known.told if known else None,
        )

    def _read_training(self, line: str, before: _Entry | None, now: dt.datetime) -> _Entry | None:
        resource = self._objects.get(TRAININGJOB, line.removeprefix(TRAINING))
        if resource is None or resource["metadata"].get("deletionTimestamp"):
            return None
        uid = str(resource["metadata"]["uid"])
        known = before if before is not None and before.uid == uid else None
        models = self._works.models
        seen = self._observed(resource, None)
        observed = ObservedTraining(
            resource, kubernetes_job=seen.kubernetes_job, pods=seen.pods, models=models
        )
        memory = _remembered(known.memory if known else Memory(), observed, now)
        standing = training(observed, memory, self._works.gpu_product)
        if standing is None:
            return None
        told = known.told if known else None
        return _Entry(uid, _key(resource), line, standing, memory, told=told)

    def _observed(self, resource: dict[str, Any], chain: Any) -> Observed:
        metadata = resource["metadata"]
        job_name = names.kubernetes_job(metadata["name"], metadata["uid"])
        job = self._objects.get(JOB, job_name)
        pods = self._objects.pods_of(job_name) if job else ()
        return Observed(resource, chain, job, pods)

    # what follows from a plan

    def _follow(self, now: dt.datetime) -> Iterator[Key]:
        """Remember who was granted and who gives way; yield their keys."""
        for uid in self._plan.granted:
            node = self._plan.placed.get(uid)
            yield self._move(uid, Memory(granted_at=now, node=node), state="granted", node=node)
        for uid in self._plan.preempted:
            yield self._move(uid, Memory(revoked=True), state="waiting", node=None)

    def _move(self, uid: str, memory: Memory, **changes: Any) -> Key:
        line = self._names[uid]
        entry = self._entries[line]
        entry.memory = memory
        entry.told = None
        if entry.standing is not None:
            entry.standing = replace(entry.standing, preempted=memory.revoked, **changes)
        self._unsettled.add(line)
        return entry.key

    def _tell(self, at: float) -> Iterator[Key]:
        """Yield the keys of those whose place is new, or worth telling again."""
        again = at >= self._tell_at
        if again:
            self._tell_at = at + TELL_SECONDS
        for place, job in enumerate(self._plan.line, 1):
            entry = self._entries[self._names[job.uid]]
            if entry.told is not None and not again:
                continue
            reason = str(self._plan.why[job.uid].reason)
            if entry.told is None or _worth_telling(entry.told, reason, place):
                entry.told = reason, place
                yield entry.key

    def _for_kueue(self) -> Iterator[Key]:
        """Yield the keys of those that wait for Kueue, once, and again when it comes or goes."""
        waiting = [e for e in self._entries.values() if e.kueues and e.standing is None]
        self._asks_kueue = bool(waiting)
        state = str(Reason.WAITING_FOR_KUEUE), int(self._asks_kueue and self._kueues.installed())
        for entry in waiting:
            if entry.told != state:
                entry.told = state
                yield entry.key

    def _next_look(self, now: dt.datetime) -> float | None:
        moments = [] if self._due is None else [self._due]
        for name in self._unsettled:
            memory = self._entries[name].memory
            if memory.granted_at is not None:
                moments.append(memory.granted_at + dt.timedelta(seconds=GRANT_SECONDS))
            elif memory.rests_until is not None:
                moments.append(memory.rests_until)
        rests = [max(0.0, (moment - now).total_seconds()) for moment in moments]
        rests += [TELL_SECONDS] if self._plan.line else []
        rests += [KUEUE_SECONDS] if self._asks_kueue else []
        return min(rests, default=None)


def _worth_telling(told: tuple[str, int], reason: str, place: int) -> bool:
    before = told[1]
    return reason != told[0] or place * 2 <= before or (place <= FRONT and place != before)


def _remembered(memory: Memory, observed: Observed, now: dt.datetime) -> Memory:
    """Return what is still to be remembered: not what the API server shows by now."""
    running = holds_a_turn(observed)
    if running and not memory.revoked:
        return Memory(node=memory.node)
    if memory.revoked:
        return memory if running else Memory(gave_way=True)
    if memory.granted_at is None:
        over = memory.rests_until is not None and memory.rests_until <= now
        return Memory() if over else memory
    if (now - memory.granted_at).total_seconds() >= GRANT_SECONDS:
        return Memory(rests_until=now + dt.timedelta(seconds=GRANT_SECONDS))
    return memory


def _ended(resource: Manifest) -> bool:
    return (resource.get("status") or {}).get("phase") in TERMINAL


def _spec(resource: Manifest) -> InferenceJobSpec | None:
    try:
        return InferenceJobSpec.model_validate(resource.get("spec") or {})
    except ValidationError:
        return None


def _key(resource: Manifest) -> Key:
    metadata = resource["metadata"]
    return Key(
        str(resource.get("kind") or INFERENCEJOB.kind),
        str(metadata["namespace"]),
        str(metadata["name"]),
    )
