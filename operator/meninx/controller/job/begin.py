"""What holds a job back before its Kubernetes Job exists, and the credential that it gets (pure)."""

import datetime as dt

from pydantic import ValidationError

from meninx.base.tokens import Claims
from meninx.controller.actions import ApplyCredential
from meninx.controller.job.observed import Observed
from meninx.kube import conditions
from meninx.resources.aimodel import AIModel
from meninx.resources.inferencejob import InferenceJob
from meninx.resources.reasons import Reason

WINDOW_SECONDS = 12 * 3600
"""A job that lasts longer gets a new credential with each window."""


def told(error: ValidationError) -> str:
    """Return what is wrong first, without the value that was given."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}."


def obstacle(observed: Observed, job: InferenceJob) -> tuple[Reason, str] | None:
    """Say what holds the job back, in order of precedence; None lets it start."""
    name = job.spec.work
    if job.spec.suspend:
        return Reason.SUSPENDED, ""
    if observed.model is None:
        return Reason.MODEL_NOT_FOUND, f"AIModel: {name}."
    said = (observed.model.get("status") or {}).get("conditions") or ()
    ready = conditions.find(said, "Ready")
    if ready is None or ready.get("status") != "True":
        because = (ready or {}).get("reason", "it has not been looked at yet")
        return Reason.MODEL_NOT_READY, f"AIModel: {name} ({because})."
    return None


def mismatch(job: InferenceJob, model: AIModel) -> str | None:
    """Say how the channels of job and model differ; None where they agree."""
    given = {channel.name for channel in job.spec.input.channels}
    wanted = {channel.name for channel in model.spec.channels}
    if given == wanted:
        return None
    return f"The job gives the channels {sorted(given)}, the model wants {sorted(wanted)}."


def credential(
    job: InferenceJob, created: dt.datetime, now: dt.datetime, *, limit_seconds: int
) -> ApplyCredential:
    """Return the action that gives the job a credential for its own study.

    `created` is when the Kubernetes Job was made. The credential is the same within a window, so
    that applying it again writes nothing, and outlives it by a window and the job's time limits.
    """
    window = max(0, int((now - created).total_seconds() // WINDOW_SECONDS))
    expires = int(created.timestamp()) + (window + 2) * WINDOW_SECONDS + limit_seconds
    return ApplyCredential(
        Claims(
            namespace=job.metadata.namespace or "",
            job=job.metadata.name,
            job_uid=job.metadata.uid or "",
            study=job.spec.input.study or "",
            revision=job.spec.input.revision,
            expires=expires,
        )
    )
