"""What the queue has decided: who may run, who gives way, who waits where and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from meninx.controller.queue.admission import GRANTED, UNDECIDED, Admission
from meninx.controller.queue.snapshot import Candidate, Held

SHOWN_AHEAD = 3


@dataclass(frozen=True)
class Plan:
    """The decision on one snapshot."""

    granted: tuple[str, ...] = ()
    """Uids of the jobs that may run from now on, in order."""
    preempted: tuple[str, ...] = ()
    """Uids of the jobs that give way."""
    placed: Mapping[str, str] = field(default_factory=dict)
    """The node on which a job that may run, and is not placed yet, has room."""
    line: tuple[Candidate, ...] = ()
    """The jobs that stand in line, next first."""
    may_run: frozenset[str] = frozenset()
    """Uids of all that may run: those granted now, and those that were and keep it."""
    why: Mapping[str, Held] = field(default_factory=dict)
    """By uid, why each of the others waits."""
    look_again_seconds: float | None = None
    """When the next job's time comes."""

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Return each waiting job's place in line by uid; 1 is next."""
        return {job.uid: place for place, job in enumerate(self.line, 1)}

    def admission(self, uid: str) -> Admission:
        """Return what the plan says of one job."""
        if uid in self.may_run:
            return GRANTED
        why = self.why.get(uid)
        if why is None:
            return UNDECIDED
        place = self.places.get(uid)
        ahead = self.line[max(0, place - 1 - SHOWN_AHEAD) : place - 1] if place else ()
        names = tuple(job.name for job in ahead)
        return Admission(False, why.reason, why.detail, position=place, ahead=names)

    @property
    def admissions(self) -> Mapping[str, Admission]:
        """Return what the plan says of every job, by uid."""
        return {uid: self.admission(uid) for uid in (*sorted(self.may_run), *self.why)}
