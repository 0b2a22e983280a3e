"""The attempts of a job that failed, and what follows from all of them together (pure).

Kubernetes counts failed pods of one Job against its `backoffLimit`, also those that no model could
help: refused by the kubelet, deleted by hand. The count that matters is ours. Where a Job ends before
the model's retries are used up, it is made anew with as many as are left; its own count can never let
a model have more.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meninx.controller.job.causes import LIMITED
from meninx.controller.job.failure import Failure, explain_job, explain_pod
from meninx.controller.job.steps import by_age, moment, read_steps
from meninx.kube.conditions import find
from meninx.resources.inferencejob import Attempt
from meninx.resources.reasons import Reason

Manifest = Mapping[str, Any]

MOST_KEPT = 20
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 10, 360
"""Between Jobs made anew, doubled each time; the same as between the pods of one Job."""


@dataclass(frozen=True)
class Over:
    """The job has failed for good."""

    reason: Reason
    message: str


@dataclass(frozen=True)
class Replace:
    """The Kubernetes Job ended by no fault of the model's: delete it then, and it is made anew."""

    reason: Reason
    message: str
    at: dt.datetime


def known(status: Manifest) -> tuple[Attempt, ...]:
    """Return the failed attempts that the status holds."""
    return tuple(Attempt.model_validate(item) for item in status.get("failedAttempts") or ())


def dump(attempts: Sequence[Attempt]) -> list[dict[str, Any]]:
    """Return attempts as the status holds them."""
    return [attempt.manifest() for attempt in attempts]


def _finished(pod: Manifest) -> str | None:
    ends = [step.finished_at for step in read_steps(pod) if step.finished_at]
    return max(ends) if ends else None


def _attempt(pod: Manifest, failure: Failure, number: int) -> Attempt:
    return Attempt(
        number=number,
        pod=pod["metadata"]["name"],
        reason=failure.reason,
        message=failure.message,
        step=failure.step,
        node=(pod.get("spec") or {}).get("nodeName"),
        started_at=pod["metadata"].get("creationTimestamp"),
        finished_at=_finished(pod),
        counts=failure.counts,
    )


def _ended(before: Attempt, pod: Manifest) -> Attempt:
    """Keep the first word on a pod: what is cleared away later looks as if it had been deleted."""
    finished = before.finished_at or _finished(pod)
    return before.model_copy(update={"finished_at": finished})


def record(
    before: Sequence[Attempt], pods: Sequence[Manifest], *, held: bool = False
) -> tuple[Attempt, ...]:
    """Return the failed attempts with those that the pods show now; the same pod stays one.

    `held` says that the operator itself takes the pods away (suspend, cancel): that is no failure.
    """
    found = {attempt.pod: attempt for attempt in before}
    for pod in by_age(pods):
        failure = explain_pod(pod)
        name = pod["metadata"]["name"]
        if failure is None or (held and failure.reason is Reason.POD_DELETED):
            continue
        last = max((attempt.number for attempt in found.values()), default=0)
        if name in found:
            found[name] = _ended(found[name], pod)
        else:
            found[name] = _attempt(pod, failure, last + 1)
    return _newest(sorted(found.values(), key=lambda attempt: attempt.number))


def _newest(attempts: Sequence[Attempt]) -> tuple[Attempt, ...]:
    """Drop the oldest above the most that are kept: first those that used no retry."""
    spare = len(attempts) - MOST_KEPT
    if spare <= 0:
        return tuple(attempts)
    droppable = [a.number for a in sorted(attempts, key=lambda a: (a.counts, a.number))][:spare]
    return tuple(attempt for attempt in attempts if attempt.number not in droppable)


def used(attempts: Sequence[Attempt]) -> int:
    """Return how many attempts used up a run of the model."""
    return sum(attempt.counts for attempt in attempts)


def retries_left(retries: int, attempts: Sequence[Attempt]) -> int:
    """Return the `backoffLimit` of a Kubernetes Job made now."""
    return max(0, retries - used(attempts))


def given_up(attempts: Sequence[Attempt]) -> Over | None:
    """Say that no further attempt helps, although retries may be left; None where one may."""
    for reason, most in LIMITED.items():
        alike = [a for a in attempts if a.reason == reason and not a.counts]
        if len(alike) >= most:
            told = f"{alike[-1].message} It ended so {len(alike)} times and is not tried again."
            return Over(reason, told)
    return None


def outcome(
    kubernetes_job: Manifest,
    pods: Sequence[Manifest],
    attempts: Sequence[Attempt],
    *,
    retries: int,
    now: dt.datetime,
) -> Over | Replace:
    """Say what follows from a Kubernetes Job that has failed; `attempts` hold its pods already."""
    status = kubernetes_job.get("status") or {}
    failed = find(status.get("conditions") or (), "Failed") or {}
    mine = _of(kubernetes_job, attempts)
    shown = any(explain_pod(pod) for pod in pods)
    by_pods = Over(*_told(explain_job(kubernetes_job, pods), attempts, retries))
    ended = by_pods if shown or not mine else Over(Reason(mine[-1].reason), mine[-1].message)
    free = [attempt for attempt in mine if not attempt.counts]
    unseen = max(0, int(status.get("failed") or 0) - len(mine))
    if failed.get("reason") != "BackoffLimitExceeded" or not free:
        return ended
    if used(attempts) + unseen > retries:
        return _by_own(attempts, retries) or ended
    last = free[-1]
    return given_up(attempts) or Replace(Reason(last.reason), last.message, _due(attempts, now))


def _told(failure: Failure, attempts: Sequence[Attempt], retries: int) -> tuple[Reason, str]:
    out = failure.again == "while retries last" and used(attempts) > retries
    return failure.reason, f"{failure.message}{_no_retry(retries) if out else ''}"


def _no_retry(retries: int) -> str:
    return f" No retry is left (spec.retries: {retries})."


def _by_own(attempts: Sequence[Attempt], retries: int) -> Over | None:
    own = [attempt for attempt in attempts if attempt.counts]
    return Over(Reason(own[-1].reason), own[-1].message + _no_retry(retries)) if own else None


def _of(kubernetes_job: Manifest, attempts: Sequence[Attempt]) -> list[Attempt]:
    """Return the attempts of this Kubernetes Job: an earlier one's pods are older than it is."""
    made = moment(kubernetes_job["metadata"].get("creationTimestamp"))
    if made is None:
        return list(attempts)
    return [a for a in attempts if (started := moment(a.started_at)) and started >= made]


def _due(attempts: Sequence[Attempt], now: dt.datetime) -> dt.datetime:
    """Return when the next Job may be made: later with each attempt in a row that was free."""
    row = 0
    for attempt in reversed(attempts):
        if attempt.counts:
            break
        row += 1
    pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** max(0, row - 1))
    last = attempts[-1]
    ended = moment(last.finished_at) or moment(last.started_at) or now
    return ended + dt.timedelta(seconds=pause)
