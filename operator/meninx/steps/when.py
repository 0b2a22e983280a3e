"""Whether a step runs, by what an earlier step wrote to its result.json (pure)."""

import json
from collections.abc import Mapping
from typing import Any

from meninx.resources.aipipeline import When


def holds(when: When, result: Mapping[str, Any]) -> bool:
    """Tell whether every test of a condition holds; an absent field fails all but `exists: false`."""
    there, value = _look_up(result, when.field)
    if when.exists is not None and when.exists is not there:
        return False
    if not there:
        return when.equals is None and when.at_least is None and when.at_most is None
    if when.equals is not None and _as_text(value) != when.equals:
        return False
    if when.at_least is not None and not (_is_number(value) and value >= when.at_least):
        return False
    return when.at_most is None or (_is_number(value) and value <= when.at_most)


def told(when: When, result: Mapping[str, Any]) -> str:
    """Return what was asked and what was found; a text is not quoted: it may be anything."""
    tests = when.model_dump(by_alias=True, exclude_none=True, exclude={"step", "field"})
    asked = ", ".join(f"{name} {_as_text(value)}" for name, value in tests.items())
    return f"{when.step}: {when.field} ({_shown(result, when.field)}), asked: {asked}"


def _shown(result: Mapping[str, Any], field: str) -> str:
    there, value = _look_up(result, field)
    if not there:
        return "absent"
    return _as_text(value) if isinstance(value, bool | int | float) else type(value).__name__


def _look_up(result: Mapping[str, Any], field: str) -> tuple[bool, Any]:
    found: Any = result
    for part in field.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return False, None
        found = found[part]
    return True, found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
