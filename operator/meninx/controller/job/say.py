"""From a verdict to the actions that make the status say it: none where that is not worth a write."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from meninx.controller.actions import Action, Decision, Emit, WriteStatus
from meninx.controller.job import attempts, telling
from meninx.controller.job.observed import Observed
from meninx.controller.job.render import owned, render, transitions
from meninx.controller.job.status import Verdict
from meninx.resources.inferencejob import Attempt


def failed_attempts(observed: Observed) -> tuple[Attempt, ...]:
    """Return all attempts that have failed, those that the pods show now among them."""
    return attempts.record(attempts.known(observed.status), observed.attempts, held=observed.held)


def tell(
    observed: Observed,
    verdict: Verdict,
    now: dt.datetime,
    *,
    before: Sequence[Action] = (),
    told: Sequence[Emit] = (),
    failed: Sequence[Attempt] | None = None,
) -> Decision:
    """Return the actions that make the status say this, after those that come before it.

    Events come before the status: a restart in between says them again, which changes nothing.
    `failed` are the attempts that have failed, where they are more than what the pods show.
    """
    listed = failed_attempts(observed) if failed is None else failed
    status = render(observed, verdict, attempts.dump(listed), now=now)
    if status == owned(observed.status):
        return Decision(tuple(before))
    rest = telling.rest(observed, status, now)
    if rest > 0:
        return Decision(tuple(before), look_again_seconds=rest)
    events = transitions(observed.status, status)
    return Decision((*before, *events, *told, WriteStatus(status)))


def seconds_left(observed: Observed, limit: int | None, now: dt.datetime) -> float | None:
    """Return the seconds until a deadline that counts from the resource's making; None without one."""
    created = observed.created_at
    return None if limit is None or created is None else (created - now).total_seconds() + limit


def sooner(decision: Decision, seconds: float | None) -> Decision:
    """Return the decision with a look again after so many seconds at the latest."""
    planned = [s for s in (decision.look_again_seconds, seconds) if s is not None]
    return replace(decision, look_again_seconds=min(planned, default=None))
