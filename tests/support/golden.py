"""Pairs of YAML files: what goes in, and what must come out."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

REWRITE = "MENINX_GOLDEN"
"""Set to `write` to write what comes out instead of comparing; then read the difference."""


def cases(folder: Path) -> list[str]:
    """Return the names of the cases in a folder."""
    return sorted(path.name.removesuffix(".in.yaml") for path in folder.glob("*.in.yaml"))


def hold(folder: Path, case: str, answer: Callable[[Any], Any]) -> None:
    """Fail unless the answer to `<case>.in.yaml` is `<case>.out.yaml`."""
    given = yaml.safe_load((folder / f"{case}.in.yaml").read_text())
    answered = json.loads(json.dumps(answer(given)))
    path = folder / f"{case}.out.yaml"
    if os.environ.get(REWRITE) == "write":
        path.write_text(yaml.safe_dump(answered, sort_keys=False, width=98))
    assert answered == yaml.safe_load(path.read_text())
