"""How conditions are merged: transition time kept, observedGeneration set (pure)."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from meninx.base.clock import to_rfc3339

Truth = Literal["True", "False", "Unknown"]
_LONGEST_MESSAGE = 1024


@dataclass(frozen=True)
class NewCondition:
    """What is to be said of one condition now."""

    type: str
    status: Truth
    reason: str
    message: str = ""


def find(conditions: Sequence[Mapping[str, Any]], type_: str) -> Mapping[str, Any] | None:
    """Return the condition of a type, if it is there."""
    return next((condition for condition in conditions if condition.get("type") == type_), None)


def is_true(conditions: Sequence[Mapping[str, Any]], type_: str) -> bool:
    """Tell whether a condition is there and True."""
    condition = find(conditions, type_)
    return condition is not None and condition.get("status") == "True"


def only(conditions: Sequence[Mapping[str, Any]], types: Collection[str]) -> list[dict[str, Any]]:
    """Return the conditions of these types: what one writer sends by server-side apply."""
    return [dict(condition) for condition in conditions if condition.get("type") in types]


def merge(
    existing: Sequence[Mapping[str, Any]],
    new: NewCondition,
    now: dt.datetime,
    generation: int | None,
) -> list[dict[str, Any]]:
    """Return the conditions with `new` among them, in the order they had, new ones last.

    lastTransitionTime changes only when the status does.
    """
    before = find(existing, new.type)
    same = before is not None and before.get("status") == new.status
    since = before.get("lastTransitionTime") if before is not None and same else None
    merged: dict[str, Any] = {
        "type": new.type,
        "status": new.status,
        "reason": str(new.reason),
        "message": new.message[:_LONGEST_MESSAGE],
        "lastTransitionTime": since or to_rfc3339(now),
    }
    if generation is not None:
        merged["observedGeneration"] = generation
    if before is None:
        return [*map(dict, existing), merged]
    return [merged if item is before else dict(item) for item in existing]
