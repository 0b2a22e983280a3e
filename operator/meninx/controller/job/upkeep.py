"""What the pod of a job needs beside its Job: a credential that is there and valid."""

import datetime as dt

from meninx.controller.actions import ApplyCredential
from meninx.controller.job import begin
from meninx.controller.job.observed import Observed
from meninx.controller.job.steps import by_age, moment, pod_condition, read_steps
from meninx.resources.inferencejob import InferenceJob

SECRET_SECONDS = 30.0
"""A pod whose first step does not start for so long may lack its Secret."""


def credential(observed: Observed, job: InferenceJob, now: dt.datetime) -> ApplyCredential:
    """Return the credential of the window that the Kubernetes Job is in."""
    spec = (observed.kubernetes_job or {}).get("spec") or {}
    pod_spec = (spec.get("template") or {}).get("spec") or {}
    attempts = int(spec.get("backoffLimit") or 0) + 1
    limit = int(pod_spec.get("activeDeadlineSeconds") or 0) * attempts
    return begin.credential(job, observed.made_at or now, now, limit_seconds=limit)


def due(observed: Observed, job: InferenceJob, now: dt.datetime) -> tuple[ApplyCredential, ...]:
    """Return the credential where the pod may lack one.

    The Secret is made before the Job and can't be read back: it is applied again when the first
    one's window is over, and where a first step waits for long, in case somebody deleted it.
    """
    return (credential(observed, job, now),) if may_lack(observed, now) else ()


def may_lack(observed: Observed, now: dt.datetime) -> bool:
    """Tell whether the credential's window is over, or a first step waits for long."""
    made = observed.made_at or now
    old = (now - made).total_seconds() >= begin.WINDOW_SECONDS
    return old or _waits_for_long(observed, now)


def _waits_for_long(observed: Observed, now: dt.datetime) -> bool:
    newest = by_age(observed.pods)[-1] if observed.pods else None
    if newest is None or read_steps(newest)[0].state != "waiting":
        return False
    scheduled = pod_condition(newest, "PodScheduled")
    since = moment(scheduled.get("lastTransitionTime"))
    if scheduled.get("status") != "True" or since is None:
        return False
    return (now - since).total_seconds() >= SECRET_SECONDS
