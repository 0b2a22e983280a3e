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

CREDENTIAL_SECONDS = 24 * 3600
"""How long a credential outlives the job's own time limits."""


def told(error: ValidationError) -> str:
    """Return what is wrong first, without the value that was given."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}."


def obstacle(observed: Observed, job: InferenceJob) -> tuple[Reason, str] | None:
    """Say what holds the job back, in order of precedence; None lets it start."""
    name = job.spec.model_ref.name
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


def credential(job: InferenceJob, now: dt.datetime, limit_seconds: int) -> ApplyCredential:
    """Return the action that gives the job a fresh credential for its own study."""
    expires = int(now.timestamp()) + limit_seconds + CREDENTIAL_SECONDS
    return ApplyCredential(
        Claims(
            namespace=job.metadata.namespace or "",
            job=job.metadata.name,
            job_uid=job.metadata.uid or "",
            study=job.spec.input.study,
            revision=job.spec.input.revision,
            expires=expires,
        )
    )
