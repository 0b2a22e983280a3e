"""Which changes of a status are worth a write now: what lasts a moment is left out (pure).

Ten thousand jobs that wait, and as many that run for seconds, share one API server.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from meninx.base.clock import to_rfc3339
from meninx.controller.job.observed import Observed
from meninx.controller.job.steps import moment, read_steps
from meninx.controller.queue.admission import Admission
from meninx.kube import conditions
from meninx.resources.inferencejob import TERMINAL
from meninx.resources.reasons import MEANINGS, Reason

Status = Mapping[str, Any]

SETTLE_SECONDS = 2.0
"""What another change follows within so long is not told."""
PLACE_SECONDS = 30.0
"""A job's place in the queue is told again after as many seconds as its place, at least so many."""
IN_LINE = frozenset(
    {
        Reason.QUEUED, Reason.NO_CAPACITY, Reason.CONCURRENCY_REACHED, Reason.PREEMPTED,
        Reason.WAITING_FOR_KUEUE, Reason.EVICTED_BY_KUEUE, Reason.KUEUE_NOT_INSTALLED,
        Reason.NO_MATCHING_NODE,
    }
)  # fmt: skip
"""Reasons of a job that waits for its turn: which of them it is may change with every plan."""
PASSING = IN_LINE - {Reason.PREEMPTED, Reason.EVICTED_BY_KUEUE} | {
    Reason.ADMITTED, Reason.STARTING, Reason.FETCHING, Reason.FETCHED, Reason.INFERRING,
    Reason.INFERRED,
}  # fmt: skip
"""Reasons of a job on its ordinary way."""


def rest(observed: Observed, after: Status, now: dt.datetime) -> float:
    """Return the seconds for which this status may be held back; 0 is: write it now."""
    passing = after.get("phase") not in TERMINAL and all(
        _passes(condition) for condition in after.get("conditions") or ()
    )
    failed = (
        len(after.get("failedAttempts") or ()),
        len(observed.status.get("failedAttempts") or ()),
    )
    if not passing or failed[0] != failed[1]:
        return 0.0
    newest = max(_moments(observed), default=None)
    age = SETTLE_SECONDS if newest is None else (now - newest).total_seconds()
    # A clock that differs by more than that tells nothing: then each change is written at once.
    return SETTLE_SECONDS - max(age, 0.0) if abs(age) < SETTLE_SECONDS else 0.0


def _passes(condition: Mapping[str, Any]) -> bool:
    reason = condition["reason"]
    if reason == Reason.STARTING:
        return str(condition.get("message", "")) == MEANINGS[Reason.STARTING].sentence
    return reason in PASSING


def _moments(observed: Observed) -> Iterable[dt.datetime]:
    """Return when something last happened to the job, as far as it is known."""
    job_status = (observed.kubernetes_job or {}).get("status") or {}
    seen = [observed.created_at, observed.made_at, moment(job_status.get("completionTime"))]
    pod = observed.newest_pod
    if pod is not None:
        seen.append(moment(pod["metadata"].get("creationTimestamp")))
        for step in read_steps(pod):
            seen += [moment(step.started_at), moment(step.finished_at)]
    return (at for at in seen if at is not None)


def place(admission: Admission, now: dt.datetime) -> dict[str, Any] | None:
    """Return where the job waits, as its status shows it."""
    if admission.position is None:
        return None
    ahead = {"ahead": list(admission.ahead)} if admission.ahead else {}
    return {"position": admission.position, **ahead, "toldAt": to_rfc3339(now)}


def retell_seconds(before: Status, now: dt.datetime) -> float:
    """Return how long what was told of the job's place still stands; 0 tells it anew."""
    told = before.get("queue") or {}
    at = moment(told.get("toldAt"))
    if at is None:
        return 0.0
    lasts = max(PLACE_SECONDS, float(told.get("position") or 0))
    return max(0.0, lasts - (now - at).total_seconds())


def stands_in_line(status: Status) -> bool:
    """Tell whether the status says that the job waits for its turn."""
    admitted = conditions.find(status.get("conditions") or (), "Admitted") or {}
    return admitted.get("status") == "False" and admitted.get("reason") in IN_LINE
