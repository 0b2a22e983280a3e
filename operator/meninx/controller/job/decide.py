"""InferenceJob and what is observed of it to actions and status (pure)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from meninx.controller.actions import (
    Action,
    CreateJob,
    Decision,
    DeleteJob,
    DeleteResource,
    Emit,
    SuspendJob,
    WriteStatus,
)
from meninx.controller.job import begin, pod
from meninx.controller.job.failure import StartTrouble, explain_job, start_trouble
from meninx.controller.job.observed import Observed
from meninx.controller.job.status import (
    ADMITTED,
    INFERRED,
    INPUT_READY,
    OWNED_CONDITIONS,
    Verdict,
    failed_conditions,
    holds,
    lacks,
    no_pod,
    owned,
    progress,
    render,
    sentence,
    transitions,
)
from meninx.controller.job.steps import moment, read_steps
from meninx.controller.settings import PodSettings
from meninx.kube import conditions
from meninx.resources.aimodel import AIModel, AIModelSpec
from meninx.resources.inferencejob import TERMINAL, InferenceJob
from meninx.resources.reasons import Reason

Manifest = dict[str, Any]

FINAL_REFUSALS = frozenset({Reason.DELIVERY_REFUSED, Reason.NO_PRESENTATION_CONTEXT})
POD_SECONDS = 20
"""A Kubernetes Job without a pod for so long has something in its way."""
_SLACK_SECONDS = 1.0


def decide(observed: Observed, now: dt.datetime, settings: PodSettings) -> Decision:
    """Say what is to be done about one InferenceJob now."""
    metadata = observed.resource["metadata"]
    if metadata.get("deletionTimestamp"):
        return Decision()
    if observed.status.get("phase") in TERMINAL:
        return _after_end(observed, now)
    try:
        job = InferenceJob.model_validate({**observed.resource, "status": {}})
    except ValidationError as error:
        said = lacks(ADMITTED, Reason.BAD_SPEC, sentence(Reason.BAD_SPEC, begin.told(error)))
        return _tell(observed, Verdict("Pending", (said,)), now)
    return _living(observed, job, now, settings)


def refused(observed: Observed, message: str, now: dt.datetime) -> Decision:
    """Say that the API server would not take the job's Kubernetes Job; it is tried again."""
    said = lacks(ADMITTED, Reason.BAD_SPEC, sentence(Reason.BAD_SPEC, message))
    return _tell(observed, Verdict("Pending", (said,)), now)


def _living(
    observed: Observed, job: InferenceJob, now: dt.datetime, settings: PodSettings
) -> Decision:
    if observed.work_done:
        return _delivering(observed, now)
    if observed.kubernetes_job is None:
        return _before_start(observed, job, now, settings)
    if observed.work_ended:
        failure = explain_job(observed.kubernetes_job, observed.pods)
        return _fail(observed, failure.reason, failure.message, now)
    return _in_flight(observed, job, now)


def _tell(
    observed: Observed,
    verdict: Verdict,
    now: dt.datetime,
    *,
    before: Sequence[Action] = (),
    told: Sequence[Emit] = (),
) -> Decision:
    """Return the actions that make the status say this, after those that come before it.

    Events come before the status: a restart in between says them again, which changes nothing.
    """
    status = render(observed.resource, verdict, observed.facts(), now)
    if status == owned(observed.status):
        return Decision(tuple(before))
    events = transitions(observed.status, status)
    return Decision((*before, *events, *told, WriteStatus(status)))


def _fail(observed: Observed, reason: Reason, message: str, now: dt.datetime) -> Decision:
    """End the job; a Kubernetes Job that still runs is deleted after the status says why."""
    said = failed_conditions(observed.newest_pod, reason, message)
    decision = _tell(observed, Verdict("Failed", said), now)
    return Decision((*decision.actions, *_unfinished(observed)))


def _unfinished(observed: Observed) -> tuple[DeleteJob, ...]:
    if observed.kubernetes_job is None or observed.work_ended:
        return ()
    metadata = observed.kubernetes_job["metadata"]
    if metadata.get("deletionTimestamp"):
        return ()
    return (DeleteJob(metadata["name"], metadata["uid"]),)


def _after_end(observed: Observed, now: dt.datetime) -> Decision:
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


def _before_start(
    observed: Observed, job: InferenceJob, now: dt.datetime, settings: PodSettings
) -> Decision:
    obstacle = begin.obstacle(observed, job)
    if obstacle is not None:
        said = lacks(ADMITTED, obstacle[0], sentence(*obstacle))
        return _tell(observed, Verdict("Pending", (said,)), now)
    try:
        model = AIModel.model_validate({**(observed.model or {}), "status": {}})
    except ValidationError as error:
        detail = f"AIModel: {job.spec.work} ({begin.told(error)})."
        said = lacks(ADMITTED, Reason.MODEL_NOT_READY, sentence(Reason.MODEL_NOT_READY, detail))
        return _tell(observed, Verdict("Pending", (said,)), now)
    mismatch = begin.mismatch(job, model)
    if mismatch:
        said = lacks(ADMITTED, Reason.BAD_SPEC, sentence(Reason.BAD_SPEC, mismatch))
        return _tell(observed, Verdict("Failed", (said,)), now)
    limit = model.spec.timeout_seconds * (job.spec.retries + 1)
    make = (
        begin.credential(job, now, now, limit_seconds=limit),
        CreateJob(pod.kubernetes_job(job, model, settings)),
    )
    return _tell(observed, _admitted(no_pod()), now, before=make)


def _admitted(verdict: Verdict) -> Verdict:
    admitted = holds(ADMITTED, Reason.ADMITTED)
    return Verdict(verdict.phase, (admitted, *verdict.conditions))


def _upkeep(observed: Observed, job: InferenceJob, now: dt.datetime) -> list[Action]:
    """Return what a running job needs beside its status: a valid credential, the wanted suspend.

    The Secret can't be read back, so it is applied where a pod may still wait for it, and again
    when the job has outlived the first one's window.
    """
    wanted: list[Action] = []
    kubernetes_job = observed.kubernetes_job or {}
    metadata, spec = kubernetes_job["metadata"], kubernetes_job.get("spec") or {}
    created = observed.made_at or now
    old = (now - created).total_seconds() >= begin.WINDOW_SECONDS
    newest = observed.newest_pod
    waits = newest is None or read_steps(newest)[0].state == "waiting"
    if (old or waits) and not job.spec.suspend:
        limit = _limit_seconds(spec)
        wanted.append(begin.credential(job, created, now, limit_seconds=limit))
    if bool(spec.get("suspend")) != job.spec.suspend:
        wanted.append(SuspendJob(metadata["name"], metadata["uid"], job.spec.suspend))
    return wanted


def _limit_seconds(spec: Mapping[str, Any]) -> int:
    pod_spec = (spec.get("template") or {}).get("spec") or {}
    attempts = int(spec.get("backoffLimit") or 0) + 1
    return int(pod_spec.get("activeDeadlineSeconds") or 0) * attempts


def _start_deadline(observed: Observed) -> float:
    spec = (observed.model or {}).get("spec") or {}
    limit = spec.get("startDeadlineSeconds")
    default = AIModelSpec.model_fields["start_deadline_seconds"].default
    return float(default if limit is None else limit)


def _in_flight(observed: Observed, job: InferenceJob, now: dt.datetime) -> Decision:
    upkeep = _upkeep(observed, job, now)
    if job.spec.suspend:
        held = tuple(lacks(type_, Reason.SUSPENDED) for type_ in OWNED_CONDITIONS)
        return _tell(observed, Verdict("Pending", held), now, before=upkeep)
    newest = observed.newest_pod
    trouble = start_trouble(newest) if newest else None
    rest = _rest(trouble, observed, now)
    if trouble is not None and rest is not None and (trouble.hopeless or rest <= 0):
        return _fail(observed, trouble.failure.reason, trouble.failure.message, now)
    reached = progress(newest) if newest else no_pod(_why_no_pod(observed, now))
    decision = _tell(observed, _admitted(reached), now, before=upkeep)
    again = None if rest is None else rest + _SLACK_SECONDS
    return Decision(decision.actions, look_again_seconds=again)


def _why_no_pod(observed: Observed, now: dt.datetime) -> str:
    """Point to where a quota or a policy that forbids the pod shows: only on the Job itself."""
    made = observed.made_at
    if made is None or (now - made).total_seconds() < POD_SECONDS:
        return ""
    name = (observed.kubernetes_job or {})["metadata"]["name"]
    return f"It still has no pod: kubectl describe job {name} says why."


def _rest(trouble: StartTrouble | None, observed: Observed, now: dt.datetime) -> float | None:
    """Return the seconds until the start deadline; None where nothing waits for a start."""
    if trouble is None:
        return None
    return _start_deadline(observed) - (now - trouble.since).total_seconds()


def _delivering(observed: Observed, now: dt.datetime) -> Decision:
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
        return _tell(observed, Verdict("Succeeded", inferred), now, told=[told])
    if delivered.get("status") == "False" and reason in FINAL_REFUSALS:
        told = Emit("Warning", reason, message)
        return _tell(observed, Verdict("Failed", inferred), now, told=[told])
    return _tell(observed, Verdict("Delivering", inferred), now)
