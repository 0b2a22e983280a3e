"""What the queue says of one job; `job/decide` only reads it."""

from dataclasses import dataclass

from meninx.resources.reasons import Reason


@dataclass(frozen=True)
class Admission:
    """Whether a job may have a running pod now, and if not, why and where it stands."""

    granted: bool
    reason: Reason = Reason.QUEUED
    detail: str = ""
    """What the reason's sentence does not say, such as the resource that is short."""
    position: int | None = None
    """Place among the waiting jobs; 1 is next. None where it does not stand in line."""
    ahead: tuple[str, ...] = ()
    """Names of the next jobs ahead of it, at most three."""


GRANTED = Admission(granted=True, reason=Reason.ADMITTED)
UNDECIDED = Admission(granted=False, reason=Reason.QUEUED)
"""The queue has not looked at the job yet."""
