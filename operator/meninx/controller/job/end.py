"""How a job ends, and what becomes of one that has ended."""

import datetime as dt

from meninx.controller.actions import Decision, DeleteJob, DeleteResource
from meninx.controller.job import attempts
from meninx.controller.job.attempts import Over
from meninx.controller.job.observed import Observed
from meninx.controller.job.say import failed_attempts, seconds_left, sooner, tell
from meninx.controller.job.status import (
    INFERRED,
    INPUT_READY,
    Verdict,
    failed_conditions,
    lacks,
    sentence,
    stopped,
)
from meninx.controller.job.steps import moment
from meninx.resources.inferencejob import InferenceJob
from meninx.resources.reasons import Reason


def fail(observed: Observed, reason: Reason, message: str, *, now: dt.datetime) -> Decision:
    """End the job as failed by its work."""
    return _end(observed, Verdict("Failed", failed_conditions(observed, reason, message)), now)


def cancel(observed: Observed, now: dt.datetime) -> Decision:
    """End the job because a person wants that; what it has stored stays."""
    said = stopped(observed, Reason.CANCELLED, sentence(Reason.CANCELLED))
    return _end(observed, Verdict("Cancelled", said), now)


def overdue(observed: Observed, job: InferenceJob, now: dt.datetime) -> Decision | None:
    """End the job when its result is not in the store in time; None where it still has time."""
    rest = time_left(observed, job, now)
    if rest is None or rest > 0:
        return None
    message = sentence(Reason.DEADLINE_EXCEEDED, f"Limit: {job.spec.deadline_seconds} s.")
    said = stopped(observed, Reason.DEADLINE_EXCEEDED, message)
    return _end(observed, Verdict("Failed", said), now)


def time_left(observed: Observed, job: InferenceJob, now: dt.datetime) -> float | None:
    """Return the seconds until the deadline; None where there is none, or it has been kept."""
    kept = observed.condition("Stored")
    return None if kept else seconds_left(observed, job.spec.deadline_seconds, now)


def work_failed(observed: Observed, job: InferenceJob, now: dt.datetime) -> Decision:
    """Say what follows from a Kubernetes Job that has failed: the end, or one made anew."""
    listed = failed_attempts(observed)
    kubernetes_job = observed.kubernetes_job or {}
    found = attempts.outcome(
        kubernetes_job, observed.attempts, listed, retries=job.spec.retries, now=now
    )
    if isinstance(found, Over):
        return fail(observed, found.reason, found.message, now=now)
    waits = [lacks(type_, found.reason, found.message) for type_ in (INPUT_READY, INFERRED)]
    decision = tell(observed, Verdict("Queued", tuple(waits)), now)
    rest = (found.at - now).total_seconds()
    if rest > 0:
        return sooner(decision, rest)
    metadata = kubernetes_job["metadata"]
    return Decision((*decision.actions, DeleteJob(metadata["name"], metadata["uid"])))


def after(observed: Observed, now: dt.datetime) -> Decision:
    """Free what a finished job still holds, and remove it when its time has come."""
    left = _unfinished(observed)
    ttl = (observed.resource.get("spec") or {}).get("ttlSecondsAfterFinished")
    finished = moment(observed.status.get("finishedAt"))
    if ttl is None or finished is None:
        return Decision(left)
    rest = (finished - now).total_seconds() + ttl
    if rest <= 0:
        return Decision((DeleteResource(),))
    return Decision(left, look_again_seconds=rest)


def _end(observed: Observed, verdict: Verdict, now: dt.datetime) -> Decision:
    """Say why; a Kubernetes Job that still runs is deleted after the status does."""
    decision = tell(observed, verdict, now)
    return Decision((*decision.actions, *_unfinished(observed)))


def _unfinished(observed: Observed) -> tuple[DeleteJob, ...]:
    if observed.kubernetes_job is None or observed.work_ended or observed.is_going:
        return ()
    metadata = observed.kubernetes_job["metadata"]
    return (DeleteJob(metadata["name"], metadata["uid"]),)
