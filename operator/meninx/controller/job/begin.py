"""What holds a job back before it stands in line, and the credential that it gets (pure)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from meninx.base.tokens import Claims
from meninx.controller.actions import ApplyCredential
from meninx.controller.job.chain import Chain, Obstacle
from meninx.controller.job.steps import moment
from meninx.kube import conditions
from meninx.resources.inferencejob import InferenceJob
from meninx.resources.reasons import Reason

WINDOW_SECONDS = 12 * 3600
"""A job that lasts longer gets a new credential with each window."""
PULLED = "Pulled"


@dataclass(frozen=True)
class Held:
    """Why a job does not stand in line."""

    reason: Reason
    detail: str = ""
    final: bool = False
    """True where waiting is of no use."""
    until: dt.datetime | None = None
    """When it is over by itself."""


def told(error: ValidationError) -> str:
    """Return what is wrong first, without the value that was given."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}."


def obstacle(
    job: InferenceJob, status: Mapping[str, Any], chain: Chain | Obstacle, *, now: dt.datetime
) -> Held | None:
    """Say what holds the job back, in order of precedence; None lets it stand in line."""
    if job.spec.suspend:
        return Held(Reason.SUSPENDED)
    if isinstance(chain, Obstacle):
        return Held(chain.reason, chain.detail, final=chain.final)
    return _too_early(job, now) or _without_input(job, status)


def _too_early(job: InferenceJob, now: dt.datetime) -> Held | None:
    start = moment(job.spec.not_before)
    if start is None or start <= now:
        return None
    return Held(Reason.NOT_YET, f"Not before: {job.spec.not_before}.", until=start)


def _without_input(job: InferenceJob, status: Mapping[str, Any]) -> Held | None:
    """Say whether the ingress still has to pull the study; it tells how that goes."""
    node = job.spec.input.dicom_node
    pulled = conditions.find(status.get("conditions") or (), PULLED) or {}
    if node is None or pulled.get("status") == "True":
        return None
    return Held(Reason.WAITING_FOR_INPUT, str(pulled.get("message") or f"DicomNode: {node.name}."))


def expiry(created: dt.datetime, now: dt.datetime) -> int:
    """Return when the credential of this window ends: a window later, in Unix seconds."""
    window = max(0, int((now - created).total_seconds() // WINDOW_SECONDS))
    return int(created.timestamp()) + (window + 2) * WINDOW_SECONDS


def credential(
    job: InferenceJob, created: dt.datetime, now: dt.datetime, *, limit_seconds: int
) -> ApplyCredential:
    """Return the action that gives the job a credential for its own study.

    `created` is when the Kubernetes Job was made. The credential is the same within a window, so
    that applying it again writes nothing, and outlives it by a window and the job's time limits.
    """
    expires = expiry(created, now) + limit_seconds
    return ApplyCredential(
        Claims(
            namespace=job.metadata.namespace or "",
            job=job.metadata.name,
            job_uid=job.metadata.uid or "",
            study=job.spec.input.store_study,
            revision=job.spec.input.store_revision,
            expires=expires,
        )
    )
