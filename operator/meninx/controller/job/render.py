"""The operator's part of a job's status, and the events that tell of its changes (pure)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meninx.base.clock import to_rfc3339
from meninx.controller.actions import Emit
from meninx.controller.job.observed import Observed
from meninx.controller.job.status import OWNED_CONDITIONS, Verdict
from meninx.controller.job.steps import Step, read_steps
from meninx.controller.job.timings import timings
from meninx.kube import conditions
from meninx.resources.inferencejob import TERMINAL
from meninx.resources.reasons import Reason

Manifest = Mapping[str, Any]

OWNED_FIELDS = (
    "observedGeneration", "phase", "conditions", "jobName", "attempts", "steps", "failedAttempts",
    "queue", "timings", "startedAt", "finishedAt",
)  # fmt: skip
"""The parts of the status that the operator writes; the rest is delivery's."""

ORDINARY = frozenset(
    {
        Reason.ADMITTED, Reason.SUSPENDED, Reason.INFERRED, Reason.NODE_LOST, Reason.EVICTED,
        Reason.PREEMPTED, Reason.EVICTED_BY_KUEUE, Reason.NOT_YET, Reason.CANCELLED,
        Reason.WAITING_FOR_INPUT,
    }
)  # fmt: skip
"""Reasons that call for nobody; all others become warnings."""
SILENT = frozenset(
    {
        Reason.STARTING, Reason.FETCHING, Reason.FETCHED, Reason.INFERRING, Reason.QUEUED,
        Reason.NO_CAPACITY, Reason.CONCURRENCY_REACHED, Reason.WAITING_FOR_KUEUE,
    }
)  # fmt: skip
"""Reasons that no event tells: the status shows them, and the one that follows says more."""


def step_status(pod: Manifest) -> list[dict[str, Any]]:
    """Return the steps as the resource's status shows them."""
    shown = []
    for step in read_steps(pod):
        facts = {
            "name": step.name,
            "state": step_state(step),
            "startedAt": step.started_at,
            "finishedAt": step.finished_at,
            "exitCode": step.exit_code,
        }
        shown.append({key: value for key, value in facts.items() if value is not None})
    return shown


def step_state(step: Step) -> str:
    """Return the word of the status for where a step stands."""
    if step.skipped:
        return "Skipped"
    if step.state != "ended":
        return step.state.capitalize()
    return "Succeeded" if step.succeeded else "Failed"


def owned(status: Manifest) -> dict[str, Any]:
    """Return those parts of a status that the operator writes."""
    kept = {key: status[key] for key in OWNED_FIELDS if status.get(key) is not None}
    if "conditions" in kept:
        kept["conditions"] = conditions.only(kept["conditions"], OWNED_CONDITIONS)
    return kept


def render(
    observed: Observed, verdict: Verdict, failed: Sequence[Manifest], *, now: dt.datetime
) -> dict[str, Any]:
    """Return the operator's part of the status; what is no longer seen keeps its last value.

    `failed` are all attempts that have failed, as the status shows them.
    """
    generation = observed.resource["metadata"].get("generation")
    status = owned(observed.status)
    merged: Sequence[Manifest] = status.get("conditions", [])
    for condition in verdict.conditions:
        merged = conditions.merge(merged, condition, now, generation)
    order = sorted(merged, key=lambda condition: OWNED_CONDITIONS.index(condition["type"]))
    status |= {
        "observedGeneration": generation,
        "phase": verdict.phase,
        "conditions": [dict(condition) for condition in order],
        "queue": dict(verdict.queue) if verdict.queue else None,
        "failedAttempts": [dict(attempt) for attempt in failed] or None,
        "attempts": attempts_made(observed, failed),
    }
    if observed.kubernetes_job is not None:
        metadata = observed.kubernetes_job["metadata"]
        begun = {"startedAt": observed.begun} if observed.begun else {}
        status |= {"jobName": metadata["name"], **begun}
    status["steps"] = _steps(observed, verdict)
    if verdict.phase in TERMINAL:
        status["finishedAt"] = to_rfc3339(now)
    status["timings"] = timings(status, observed.created_at) or None
    return {key: value for key, value in status.items() if value is not None}


def _steps(observed: Observed, verdict: Verdict) -> list[dict[str, Any]] | None:
    """Return the steps of the last attempt; with the job's end its containers are ended too."""
    newest, over = observed.newest_pod, verdict.phase in TERMINAL
    steps = step_status(newest) if newest else observed.status.get("steps") or ()
    begins_anew = verdict.waits or (newest is None and verdict.phase == "Queued")
    if not steps or (begins_anew and not over):
        return None
    return [{**step, "state": _last_state(step, over=over)} for step in steps]


def _last_state(step: Manifest, *, over: bool) -> str:
    state = str(step.get("state") or "Waiting")
    return "Failed" if over and state == "Running" else state


def attempts_made(observed: Observed, failed: Sequence[Manifest]) -> int | None:
    """Return how many pods were made; those that have failed are numbered."""
    known = {attempt["pod"] for attempt in failed}
    others = [pod for pod in observed.pods if pod["metadata"]["name"] not in known]
    highest = max((int(attempt["number"]) for attempt in failed), default=0)
    return max(highest + len(others), observed.status.get("attempts") or 0) or None


@dataclass(frozen=True)
class Telling:
    """Which conditions become events, and of what kind."""

    types: tuple[str, ...]
    ordinary: frozenset[Reason]
    silent: frozenset[Reason]

    def event(self, condition: Manifest) -> Emit | None:
        """Return the event of a condition that has changed."""
        reason = str(condition["reason"])
        if reason in self.silent:
            return None
        kind: Any = "Normal" if reason in self.ordinary else "Warning"
        return Emit(kind, reason, str(condition.get("message", "")))


OF_JOBS = Telling(OWNED_CONDITIONS, ORDINARY, SILENT)


def transitions(before: Manifest, after: Manifest, telling: Telling = OF_JOBS) -> list[Emit]:
    """Return an event for each condition of the operator that changed, each sentence once.

    The end of a job is told even where the last attempt had failed for the same reason.
    """
    emitted: list[Emit] = []
    keys = {"status", "reason"} | ({"message"} if after.get("phase") == "Failed" else set())
    for condition in conditions.only(after.get("conditions", []), telling.types):
        old = conditions.find(before.get("conditions") or [], condition["type"]) or {}
        changed = any(old.get(key) != condition.get(key) for key in keys)
        event = telling.event(condition) if changed else None
        if event is not None and event not in emitted:
            emitted.append(event)
    return emitted
