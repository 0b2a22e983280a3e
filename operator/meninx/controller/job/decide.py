"""InferenceJob and what is observed of it to actions and status (pure)."""

import datetime as dt

from pydantic import ValidationError

from meninx.controller.actions import Decision, Emit
from meninx.controller.job import begin, end
from meninx.controller.job.observed import Observed
from meninx.controller.job.running import in_flight
from meninx.controller.job.say import sooner, tell
from meninx.controller.job.status import (
    ADMITTED,
    INFERRED,
    INPUT_READY,
    Verdict,
    holds,
    lacks,
    sentence,
)
from meninx.controller.job.waiting import without_job
from meninx.controller.settings import PodSettings
from meninx.kube import conditions
from meninx.resources.inferencejob import TERMINAL, InferenceJob
from meninx.resources.reasons import Reason

FINAL_REFUSALS = frozenset({Reason.DELIVERY_REFUSED, Reason.NO_PRESENTATION_CONTEXT})


def decide(observed: Observed, now: dt.datetime, settings: PodSettings) -> Decision:
    """Say what is to be done about one InferenceJob now."""
    metadata = observed.resource["metadata"]
    if metadata.get("deletionTimestamp"):
        return Decision()  # all that it owns goes with it
    if observed.status.get("phase") in TERMINAL:
        return end.after(observed, now)
    try:
        job = InferenceJob.model_validate({**observed.resource, "status": {}})
    except ValidationError as error:
        return refused(observed, begin.told(error), now)
    return _living(observed, job, now, settings)


def refused(observed: Observed, message: str, now: dt.datetime) -> Decision:
    """Say that the job, or the Kubernetes Job made of it, can't be read; it is tried again."""
    said = lacks(ADMITTED, Reason.BAD_SPEC, sentence(Reason.BAD_SPEC, message))
    return tell(observed, Verdict("Pending", (said,)), now)


def not_taken(observed: Observed, message: str, now: dt.datetime) -> Decision:
    """Say that the API server can't take the Kubernetes Job for want of a webhook's answer."""
    said = lacks(ADMITTED, Reason.WEBHOOK_AWAY, sentence(Reason.WEBHOOK_AWAY, f"{message}."))
    return tell(observed, Verdict("Queued", (said,)), now)


def _living(
    observed: Observed, job: InferenceJob, now: dt.datetime, settings: PodSettings
) -> Decision:
    if observed.work_done:
        return _delivering(observed, job, now)
    if job.spec.cancel:
        return end.cancel(observed, now)
    if observed.work_ended:
        return end.work_failed(observed, job, now)
    late = end.overdue(observed, job, now)
    if late is not None:
        return late
    if observed.kubernetes_job is None:
        decision = without_job(observed, job, now, settings)
    else:
        decision = in_flight(observed, job, now)
    return sooner(decision, end.time_left(observed, job, now))


def _delivering(observed: Observed, job: InferenceJob, now: dt.datetime) -> Decision:
    """Say how far the result has come, from the conditions that delivery writes."""
    inferred = (
        holds(ADMITTED, Reason.ADMITTED),
        holds(INPUT_READY, Reason.FETCHED),
        holds(INFERRED, Reason.INFERRED),
    )
    delivered = conditions.find(observed.status.get("conditions") or (), "Delivered") or {}
    reason, message = str(delivered.get("reason", "")), str(delivered.get("message", ""))
    if delivered.get("status") == "True":
        told = Emit("Normal", reason, message)
        return tell(observed, Verdict("Succeeded", inferred), now, told=[told])
    if job.spec.cancel:
        return end.cancel(observed, now)
    if delivered.get("status") == "False" and reason in FINAL_REFUSALS:
        told = Emit("Warning", reason, message)
        return tell(observed, Verdict("Failed", inferred), now, told=[told])
    return tell(observed, Verdict("Delivering", inferred), now)
