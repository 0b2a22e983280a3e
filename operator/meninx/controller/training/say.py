"""The status of a TrainingJob, and the events that tell of its changes (pure)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from meninx.base.clock import to_rfc3339
from meninx.controller.actions import Action, Decision, WriteStatus
from meninx.controller.job import attempts
from meninx.controller.job.render import ORDINARY, SILENT, Telling, attempts_made, transitions
from meninx.controller.job.status import holds, lacks, sentence
from meninx.controller.training import collecting
from meninx.controller.training.observed import Observed
from meninx.kube import conditions
from meninx.kube.conditions import NewCondition
from meninx.resources.inferencejob import Attempt
from meninx.resources.reasons import Reason
from meninx.resources.trainingjob import ENDED, TrainingPhase

Manifest = Mapping[str, Any]

ADMITTED, TRAINED, REGISTERED, PROMOTED = "Admitted", "Trained", "Registered", "Promoted"
TYPES = (ADMITTED, TRAINED, REGISTERED, PROMOTED)
FIELDS = (
    "observedGeneration", "phase", "conditions", "jobName", "attempts", "failedAttempts", "queue",
    "data", "progress", "result", "registered", "gate", "startedAt", "finishedAt",
)  # fmt: skip
_ORDINARY = ORDINARY | {
    Reason.TRAINED, Reason.REGISTERED, Reason.PROMOTED, Reason.NOT_BETTER, Reason.POD_DELETED,
}  # fmt: skip
_TELLING = Telling(TYPES, _ORDINARY, SILENT | {Reason.TRAINING, Reason.COLLECTING})


@dataclass(frozen=True)
class Verdict:
    """What is to be said of a training now."""

    phase: TrainingPhase
    conditions: tuple[NewCondition, ...] = ()
    queue: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the status: result, registered, gate."""


def admitted(*others: NewCondition) -> tuple[NewCondition, ...]:
    """Return the conditions of a training whose turn has come."""
    return (holds(ADMITTED, Reason.ADMITTED), *others)


_OWN_WORDS = {
    Reason.CANCELLED: "The training was cancelled by a person; what it has written stays. A new "
    "TrainingJob with the same plan and output goes on from there.",
    Reason.DEADLINE_EXCEEDED: "The training had not ended within spec.deadlineSeconds. What it has "
    "written stays: a new TrainingJob with the same plan and output goes on from there.",
    Reason.MODEL_NOT_FOUND: "The AIModel that the new version is made from does not exist. Create it, "
    "or make the TrainingJob anew with another register.from.",
}
"""Sentences where that of the vocabulary speaks of a study's job."""


def words(reason: Reason, detail: str = "") -> str:
    """Return the sentence of a reason, for a training."""
    own = _OWN_WORDS.get(reason)
    return sentence(reason, detail) if own is None else f"{own} {detail}".strip()


def waits(reason: Reason, detail: str = "") -> tuple[NewCondition, ...]:
    """Return the conditions of a training that may not run now."""
    message = words(reason, detail)
    return lacks(ADMITTED, reason, message), lacks(TRAINED, reason, message)


def failed_attempts(observed: Observed) -> tuple[Attempt, ...]:
    """Return all attempts that have failed, those that the pods show now among them."""
    return attempts.record(attempts.known(observed.status), observed.attempts, held=observed.held)


def tell(
    observed: Observed,
    verdict: Verdict,
    now: dt.datetime,
    *,
    before: Sequence[Action] = (),
    failed: Sequence[Attempt] | None = None,
) -> Decision:
    """Return the actions that make the status say this, after those that come before it."""
    listed = failed_attempts(observed) if failed is None else failed
    status = _render(observed, verdict, listed, now)
    if status == _owned(observed.status):
        return Decision(tuple(before))
    return Decision((*before, *transitions(observed.status, status, _TELLING), WriteStatus(status)))


def _owned(status: Manifest) -> dict[str, Any]:
    return {key: status[key] for key in FIELDS if status.get(key) is not None}


def _render(
    observed: Observed, verdict: Verdict, failed: Sequence[Attempt], now: dt.datetime
) -> dict[str, Any]:
    generation, listed = observed.resource["metadata"].get("generation"), attempts.dump(failed)
    status = _owned(observed.status)
    merged: Sequence[Manifest] = conditions.only(status.get("conditions") or (), TYPES)
    for said in verdict.conditions:
        merged = conditions.merge(merged, said, now, generation)
    ordered = sorted(merged, key=lambda condition: TYPES.index(condition["type"]))
    status |= {
        "observedGeneration": generation,
        "phase": verdict.phase,
        "conditions": [dict(condition) for condition in ordered],
        "queue": dict(verdict.queue) if verdict.queue else None,
        "failedAttempts": listed or None,
        "attempts": attempts_made(observed, listed),
        "data": collecting.numbers(observed.pods) or status.get("data"),
        "progress": observed.progress or status.get("progress"),
        **verdict.facts,
    }
    if observed.kubernetes_job is not None:
        metadata = observed.kubernetes_job["metadata"]
        status |= {"jobName": metadata["name"]}
        status.setdefault("startedAt", metadata.get("creationTimestamp"))
    if verdict.phase in ENDED:
        status["finishedAt"] = to_rfc3339(now)
    return {key: value for key, value in status.items() if value is not None}
