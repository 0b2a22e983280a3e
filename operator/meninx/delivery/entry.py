"""One result object on its way to one destination: states and transitions (pure)."""

import datetime as dt
from dataclasses import dataclass, replace
from enum import StrEnum

from meninx.delivery.schedule import next_try
from meninx.peers.outcome import Outcome, Verdict


class State(StrEnum):
    """Where a delivery stands; the last two are final."""

    WAITING = "Waiting"
    DELIVERED = "Delivered"
    REFUSED = "Refused"


@dataclass(frozen=True)
class Entry:
    """One object for one destination of one job."""

    job_uid: str
    destination: str
    """Name of the DicomNode."""
    sop_instance_uid: str
    next_try: dt.datetime
    state: State = State.WAITING
    attempts: int = 0
    reason: str = ""
    message: str = ""

    @property
    def is_final(self) -> bool:
        """Nothing more happens to it."""
        return self.state is not State.WAITING

    def is_due(self, now: dt.datetime) -> bool:
        """It is to be tried now."""
        return self.state is State.WAITING and self.next_try <= now


_STATES: dict[Verdict, State] = {
    Verdict.ACCEPTED: State.DELIVERED,
    Verdict.AGAIN: State.WAITING,
    Verdict.REFUSED: State.REFUSED,
}


def after(entry: Entry, outcome: Outcome, now: dt.datetime) -> Entry:
    """Return the entry as it is after an attempt."""
    attempts = entry.attempts + 1
    return replace(
        entry,
        state=_STATES[outcome.verdict],
        attempts=attempts,
        next_try=next_try(now, attempts),
        reason=str(outcome.reason),
        message=outcome.message,
    )
