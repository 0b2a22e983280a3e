"""A new job that repeats one that has ended (pure)."""

import re
from collections.abc import Mapping
from typing import Any

from meninx.resources import names
from meninx.resources.meta import API_VERSION

Manifest = dict[str, Any]

CARRIED_LABELS = (names.LABEL_ROUTE, names.LABEL_STUDY)
CLEARED = ("suspend", "cancel")
_NUMBERED = re.compile(r"^(?P<stem>.+)-r(?P<number>[0-9]{1,4})$")


def new_attempt_of(job: Mapping[str, Any]) -> Manifest:
    """Return the manifest of a job that does the same again and names the one that it repeats.

    Equal jobs give equal names: asked for twice, it is still one new job.
    """
    metadata, spec = job["metadata"], job.get("spec") or {}
    kept = {key: value for key, value in spec.items() if key not in CLEARED}
    labels = metadata.get("labels") or {}
    carried = {key: labels[key] for key in CARRIED_LABELS if key in labels}
    made: Manifest = {"name": _next_name(metadata["name"], repeats="retryOf" in spec)}
    if metadata.get("namespace"):
        made["namespace"] = metadata["namespace"]
    return {
        "apiVersion": API_VERSION,
        "kind": "InferenceJob",
        "metadata": {**made, **({"labels": carried} if carried else {})},
        "spec": {**kept, "retryOf": {"name": metadata["name"]}},
    }


def _next_name(name: str, *, repeats: bool) -> str:
    """Return the name with the next number; only a job that repeats one ends in a number of ours."""
    found = _NUMBERED.match(name) if repeats else None
    if found is None:
        return names.retry(name, 2)
    return names.retry(found["stem"], int(found["number"]) + 1)
