"""How long each stage of a job took, from what its status shows (pure)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from meninx.controller.job.steps import DELIVER, FETCH, moment

Status = Mapping[str, Any]

FIRST_TIME = ("waiting", "starting")
"""Stages that count once, however often the job then has to begin anew."""


def timings(status: Status, created: dt.datetime | None) -> dict[str, float]:
    """Return the seconds of each stage that has come to its end, and those told before."""
    steps = {step["name"]: step for step in status.get("steps") or ()}
    fetch, deliver = steps.get(FETCH, {}), steps.get(DELIVER, {})
    made, finished = moment(status.get("startedAt")), moment(status.get("finishedAt"))
    delivered = moment(deliver.get("finishedAt"))
    new = {
        "waiting": _between(created, made),
        "starting": _between(made, moment(fetch.get("startedAt"))),
        "fetching": _within(fetch),
        "inferring": _between(moment(fetch.get("finishedAt")), moment(deliver.get("startedAt"))),
        "storing": _within(deliver),
        "delivering": _between(delivered, finished),
        "total": _between(created, finished),
    }
    before = status.get("timings") or {}
    kept = {name: before[name] for name in FIRST_TIME if before.get(name) is not None}
    seen = {name: seconds for name, seconds in new.items() if seconds is not None}
    return {**before, **seen, **kept}


def _within(step: Mapping[str, Any]) -> float | None:
    return _between(moment(step.get("startedAt")), moment(step.get("finishedAt")))


def _between(start: dt.datetime | None, end: dt.datetime | None) -> float | None:
    """Return the seconds between two moments; clocks of two machines may differ a little."""
    return max(0.0, (end - start).total_seconds()) if start and end else None
