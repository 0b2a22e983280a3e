"""What a StudyRoute's status says after each turn of events (pure)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from meninx.base.clock import to_rfc3339
from meninx.kube import conditions
from meninx.kube.conditions import NewCondition
from meninx.resources.studyroute import Refusal

LISTED_REFUSALS = 20

Status = dict[str, Any]


def with_condition(
    status: Mapping[str, Any], new: NewCondition, *, now: dt.datetime, generation: int | None
) -> Status:
    """Return the status with a condition and the generation that it is about."""
    said = {
        "conditions": conditions.merge(status.get("conditions", []), new, now, generation),
        "observedGeneration": generation,
    }
    return {**status, **{name: value for name, value in said.items() if value is not None}}


def after_match(status: Mapping[str, Any], *, study: str, created_at: str, is_new: bool) -> Status:
    """Return the status after a study became a job; what refused it before is over.

    A job that this turn did not make was counted if a match at or after its creation was.
    """
    left = [one for one in status.get("refusals", []) if one["study"] != study]
    changed: Status = {**status, "refusals": left} if "refusals" in status else {**status}
    last = status.get("lastMatched", "")
    if is_new or created_at > last:
        changed["matched"] = status.get("matched", 0) + 1
        changed["lastMatched"] = max(created_at, last)
    return changed


def after_refusal(status: Mapping[str, Any], refusal: Refusal) -> Status:
    """Return the status after a refusal: newest first, one entry a study, counted once a study."""
    listed = status.get("refusals", [])
    before = next((one for one in listed if one["study"] == refusal.study), None)
    if before is not None and _same(before, refusal):
        return dict(status)
    others = [one for one in listed if one is not before]
    changed = {**status, "refusals": [refusal.manifest(), *others][:LISTED_REFUSALS]}
    if before is None:
        changed["refused"] = status.get("refused", 0) + 1
    return changed


def refusal_of(
    study: str, *, revision: int, reason: str, message: str, now: dt.datetime
) -> Refusal:
    """Return an entry of the list of refusals."""
    return Refusal(
        study=study,
        revision=revision,
        time=to_rfc3339(now),
        reason=str(reason),
        message=message,
    )


def _same(before: Mapping[str, Any], refusal: Refusal) -> bool:
    said = refusal.manifest()
    return all(before.get(name) == said[name] for name in ("revision", "reason", "message"))
