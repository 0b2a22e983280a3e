"""On what did the model compute? As its result.json tells it, for the result's provenance."""

import json
import re
from pathlib import Path
from typing import Any

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,31}")
_FIELDS = ("engine", "version", "precision", "device")
"""Fields of result.json's `engine`, in the order in which they are said."""


def engine_named(result_file: Path) -> str | None:
    """Return engine, version, precision and device in words; None where the model tells none.

    Only plain words are taken over: a model's free text never reaches a result's header.
    """
    try:
        said = json.loads(result_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    engine: Any = said.get("engine") if isinstance(said, dict) else None
    if not isinstance(engine, dict):
        return None
    words = [engine[field] for field in _FIELDS if isinstance(engine.get(field), str)]
    return " ".join(word for word in words if _WORD.fullmatch(word)) or None
