"""A Kubernetes Job of which no pod is made: a quota or a policy forbids it, which only its events say (pure)."""

import datetime as dt
import re

from meninx.controller.job.observed import Observed
from meninx.controller.job.steps import moment
from meninx.resources.reasons import Reason

FAILED_CREATE = "FailedCreate"
"""The reason of the Job controller's event."""
POD_SECONDS = 20.0
"""A Kubernetes Job without a pod for so long has something in its way."""
ASK_SECONDS = 30.0
"""How often its events are asked for."""
_SLACK_SECONDS = 0.5
_LONGEST = 400
_SHED = re.compile(r'^Error creating: |pods "[^"]*" is forbidden: ')
"""What says nothing, or differs with every try."""


def due_seconds(observed: Observed, now: dt.datetime) -> float | None:
    """Return the seconds until a Job has had no pod for too long; None where it is not without one."""
    if observed.kubernetes_job is None or observed.work_ended or observed.held or observed.pods:
        return None
    begun = moment(observed.begun)
    return None if begun is None else POD_SECONDS - (now - begun).total_seconds()


def look_again_seconds(observed: Observed, now: dt.datetime) -> float | None:
    """Return when to look again at what has no pod; None where it is not without one."""
    due = due_seconds(observed, now)
    return None if due is None else due + _SLACK_SECONDS if due > 0 else ASK_SECONDS


def obstacle(message: str) -> str:
    """Return what stands in a pod's way, by the message of the event: the same words for every try."""
    said = _SHED.sub("", message).strip()
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}..."


def waits(observed: Observed, now: dt.datetime) -> tuple[Reason, str]:
    """Return why there is no pod, and the detail."""
    if observed.pod_refused:
        return Reason.POD_FORBIDDEN, f"Kubernetes says: {observed.pod_refused}."
    due = due_seconds(observed, now)
    if due is None or due > 0:
        return Reason.STARTING, ""
    name = (observed.kubernetes_job or {})["metadata"]["name"]
    return Reason.STARTING, f"It still has no pod: kubectl describe job {name} says why."
