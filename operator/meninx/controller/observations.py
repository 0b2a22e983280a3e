"""From a status that was written to what is counted of it (pure)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from meninx.controller.job.chain import Chain
from meninx.controller.job.steps import moment
from meninx.kube import conditions
from meninx.resources.inferencejob import TERMINAL, Timings

Status = Mapping[str, Any]

WAITING = "waiting"
STAGES = tuple(name for name in Timings.model_fields if name != WAITING)
"""The stages of `status.timings`; waiting is the queue's own measure."""
_NOT_SAID = "NotSaid"


@dataclass(frozen=True)
class Ending:
    """How a job ended."""

    phase: str
    reason: str


@dataclass(frozen=True)
class Observations:
    """What one transition of a job's status adds to the metrics."""

    queue_wait_seconds: float | None = None
    ending: Ending | None = None
    stage_seconds: Mapping[str, float] = field(default_factory=dict)
    gpu_seconds: float = 0.0


def observations(before: Status, after: Status, chain: Chain | None) -> Observations:
    """Return what is to be counted when `after` has replaced `before`.

    Each measure belongs to one transition that happens once in a job's life, so whoever wrote the
    status counts it, and a restart counts nothing again: the wait when it becomes known, all else
    when the job ends.
    """
    wait = _timing(after, WAITING) if _timing(before, WAITING) is None else None
    if before.get("phase") in TERMINAL or after.get("phase") not in TERMINAL:
        return Observations(wait)
    stages = {name: seconds for name in STAGES if (seconds := _timing(after, name)) is not None}
    held = _gpus(chain) * pod_seconds(after)
    return Observations(wait, Ending(str(after["phase"]), _reason(after)), stages, held)


def _timing(status: Status, name: str) -> float | None:
    value = (status.get("timings") or {}).get(name)
    return None if value is None else max(0.0, float(value))


def _reason(status: Status) -> str:
    """Return the reason of the end: how it was delivered, else the first condition that is False."""
    said = status.get("conditions") or ()
    delivered = conditions.find(said, "Delivered")
    if status["phase"] == "Succeeded":
        return str((delivered or {}).get("reason") or _NOT_SAID)
    false = (one.get("reason") for one in said if one.get("status") == "False")
    return str(next(false, None) or _NOT_SAID)


def joined(before: Status, after: Status) -> dict[str, Any]:
    """Return the status that is stored once the operator's part of it is written."""
    ours = after.get("conditions") or ()
    types = {condition["type"] for condition in ours}
    others = (one for one in before.get("conditions") or () if one.get("type") not in types)
    return {**before, **after, "conditions": [*ours, *others]}


def _gpus(chain: Chain | None) -> int:
    """Return how many GPUs a pod of the chain holds: its steps run one after another."""
    return max((step.resources.gpu.count for step in chain.steps), default=0) if chain else 0


def pod_seconds(status: Status) -> float:
    """Return how long pods of the job lived: each failed attempt, and the last one by its steps."""
    failed = status.get("failedAttempts") or ()
    lived = sum(_span(attempt, attempt, status) for attempt in failed)
    steps = [step for step in status.get("steps") or () if step.get("startedAt")]
    told_already = bool(failed) and any(step.get("exitCode") for step in steps)
    if not steps or told_already:
        return lived
    return lived + _span(steps[0], steps[-1], status)


def _span(first: Status, last: Status, status: Status) -> float:
    start = moment(first.get("startedAt"))
    end = moment(last.get("finishedAt")) or moment(status.get("finishedAt"))
    return _seconds(start, end)


def _seconds(start: dt.datetime | None, end: dt.datetime | None) -> float:
    return max(0.0, (end - start).total_seconds()) if start and end else 0.0
