"""From observed facts to phase, conditions and steps."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meninx.base.clock import to_rfc3339
from meninx.controller.actions import Emit
from meninx.controller.job.failure import StartTrouble, explain_pod, start_trouble
from meninx.controller.job.steps import Step, pod_condition, read_steps
from meninx.kube import conditions
from meninx.kube.conditions import NewCondition
from meninx.resources.inferencejob import TERMINAL, Phase
from meninx.resources.reasons import MEANINGS, Reason

Manifest = Mapping[str, Any]

ADMITTED, INPUT_READY, INFERRED = "Admitted", "InputReady", "Inferred"
OWNED_CONDITIONS = (ADMITTED, INPUT_READY, INFERRED)
OWNED_FIELDS = (
    "observedGeneration", "phase", "conditions", "jobName", "attempts", "steps", "startedAt",
    "finishedAt",
)  # fmt: skip
"""The parts of the status that the operator writes; the rest is delivery's."""

ORDINARY = frozenset(
    {
        Reason.ADMITTED, Reason.SUSPENDED, Reason.STARTING, Reason.FETCHING, Reason.FETCHED,
        Reason.INFERRING, Reason.INFERRED, Reason.NODE_LOST,
    }
)  # fmt: skip
"""Reasons that call for nobody; all others become warnings."""
SILENT = frozenset({Reason.STARTING, Reason.FETCHING, Reason.INFERRING})
"""Reasons that no event tells: the one that follows says more."""


def sentence(reason: Reason, detail: str = "") -> str:
    """Return the reason's sentence, the detail, and the remedy where there is one."""
    meaning = MEANINGS[reason]
    remedy = "" if meaning.remedy == "Nothing to do." else meaning.remedy
    return " ".join(part for part in (meaning.sentence, detail, remedy) if part)


def holds(type_: str, reason: Reason) -> NewCondition:
    """Return a condition that is True."""
    return NewCondition(type_, "True", reason, sentence(reason))


def lacks(type_: str, reason: Reason, message: str = "") -> NewCondition:
    """Return a condition that is False."""
    return NewCondition(type_, "False", reason, message or sentence(reason))


@dataclass(frozen=True)
class Verdict:
    """What is to be said of a job now."""

    phase: Phase
    conditions: tuple[NewCondition, ...] = ()


def _not_started(pod: Manifest, trouble: StartTrouble | None) -> tuple[Reason, str]:
    scheduled = pod_condition(pod, "PodScheduled")
    if scheduled.get("reason") == "Unschedulable":
        detail = f"The scheduler says: {scheduled.get('message', '')}"
        return Reason.UNSCHEDULABLE, sentence(Reason.UNSCHEDULABLE, detail)
    detail = f"{trouble.failure.detail} It is tried again." if trouble and trouble.evident else ""
    return Reason.STARTING, sentence(Reason.STARTING, detail)


def _work(fetch: Step, model: Step, waits: tuple[Reason, str]) -> tuple[NewCondition, NewCondition]:
    if fetch.state == "waiting":
        return lacks(INPUT_READY, *waits), lacks(INFERRED, *waits)
    if not fetch.succeeded:
        return lacks(INPUT_READY, Reason.FETCHING), lacks(INFERRED, Reason.FETCHING)
    ready = holds(INPUT_READY, Reason.FETCHED)
    if model.succeeded:
        return ready, holds(INFERRED, Reason.INFERRED)
    if model.state == "waiting":
        return ready, lacks(INFERRED, *waits)
    return ready, lacks(INFERRED, Reason.INFERRING)


def no_pod(detail: str = "") -> Verdict:
    """Say that the Kubernetes Job has no pod yet."""
    waits = Reason.STARTING, sentence(Reason.STARTING, detail)
    return Verdict("Queued", (lacks(INPUT_READY, *waits), lacks(INFERRED, *waits)))


def progress(pod: Manifest) -> Verdict:
    """Say how far the newest pod has come; a failed one waits for its replacement."""
    fetch, model, _ = read_steps(pod)
    failure = explain_pod(pod)
    if failure is not None:
        again = f"An attempt failed. {failure.detail} It is tried again {failure.again}."
        told = failure.message if failure.again == "never" else again
        ready = (
            holds(INPUT_READY, Reason.FETCHED)
            if fetch.succeeded
            else lacks(INPUT_READY, failure.reason, told)
        )
        return Verdict("Running", (ready, lacks(INFERRED, failure.reason, told)))
    phase: Phase = "Queued" if fetch.state == "waiting" else "Running"
    return Verdict(phase, _work(fetch, model, _not_started(pod, start_trouble(pod))))


def failed_conditions(
    pod: Manifest | None, reason: Reason, message: str
) -> tuple[NewCondition, ...]:
    """Return the conditions of a job that failed for good, with the stage that it reached."""
    fetched = pod is not None and read_steps(pod)[0].succeeded
    ready = holds(INPUT_READY, Reason.FETCHED) if fetched else lacks(INPUT_READY, reason, message)
    return holds(ADMITTED, Reason.ADMITTED), ready, lacks(INFERRED, reason, message)


def step_status(pod: Manifest) -> list[dict[str, Any]]:
    """Return the steps as the resource's status shows them."""
    shown = []
    for step in read_steps(pod):
        facts = {
            "name": step.name,
            "startedAt": step.started_at,
            "finishedAt": step.finished_at,
            "exitCode": step.exit_code,
        }
        shown.append({key: value for key, value in facts.items() if value is not None})
    return shown


def owned(status: Manifest) -> dict[str, Any]:
    """Return those parts of a status that the operator writes."""
    kept = {key: status[key] for key in OWNED_FIELDS if status.get(key) is not None}
    if "conditions" in kept:
        kept["conditions"] = conditions.only(kept["conditions"], OWNED_CONDITIONS)
    return kept


@dataclass(frozen=True)
class Facts:
    """What is observed of the work, for the status."""

    kubernetes_job: Manifest | None
    newest_pod: Manifest | None
    pods: int


def render(resource: Manifest, verdict: Verdict, facts: Facts, now: dt.datetime) -> dict[str, Any]:
    """Return the operator's part of the status; what is no longer seen keeps its last value."""
    generation = resource["metadata"].get("generation")
    status = owned(resource.get("status") or {})
    merged: Sequence[Manifest] = status.get("conditions", [])
    for condition in verdict.conditions:
        merged = conditions.merge(merged, condition, now, generation)
    status |= {"observedGeneration": generation, "phase": verdict.phase}
    order = sorted(merged, key=lambda condition: OWNED_CONDITIONS.index(condition["type"]))
    status["conditions"] = [dict(condition) for condition in order]
    if facts.kubernetes_job is not None:
        metadata = facts.kubernetes_job["metadata"]
        status |= {"jobName": metadata["name"], "startedAt": metadata.get("creationTimestamp")}
    if facts.pods:
        status["attempts"] = max(facts.pods, status.get("attempts") or 0)
    if facts.newest_pod is not None:
        status["steps"] = step_status(facts.newest_pod)
    if verdict.phase in TERMINAL:
        status["finishedAt"] = to_rfc3339(now)
    return {key: value for key, value in status.items() if value is not None}


def _event(condition: Manifest) -> Emit | None:
    reason = str(condition["reason"])
    if reason in SILENT:
        return None
    kind: Any = "Normal" if reason in ORDINARY else "Warning"
    return Emit(kind, reason, str(condition.get("message", "")))


def transitions(before: Manifest, after: Manifest) -> list[Emit]:
    """Return an event for each condition of the operator that changed, each sentence once.

    The end of a job is told even where the last attempt had failed for the same reason.
    """
    emitted: list[Emit] = []
    keys = {"status", "reason"} | ({"message"} if after.get("phase") == "Failed" else set())
    for condition in conditions.only(after.get("conditions", []), OWNED_CONDITIONS):
        old = conditions.find(before.get("conditions") or [], condition["type"]) or {}
        changed = any(old.get(key) != condition.get(key) for key in keys)
        event = _event(condition) if changed else None
        if event is not None and event not in emitted:
            emitted.append(event)
    return emitted
