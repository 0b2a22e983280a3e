"""Where the time of one study goes, stage by stage, from what the cluster recorded.

The API server's times have whole seconds; the first and the last stage are taken on this machine's clock.
"""

import datetime as dt
import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.bench.rows import Row
from tests.demo.install import NAMESPACE
from tests.demo.target import Target

from meninx.base.clock import from_rfc3339

STAGES = (
    "received",
    "complete",
    "job_created",
    "pod_started",
    "fetched",
    "inferred",
    "written",
    "delivered",
)


@dataclass(frozen=True)
class Times:
    """Unix times of the stages that are known from outside the cluster."""

    received: float
    quiet_seconds: float
    delivered: float


def stages(target: Target, job_name: str, times: Times) -> dict[str, float]:
    """Return the Unix time at which each stage ended."""
    job = _get(target, "inferencejob", job_name)
    pods = _list(target, f"job-name={job['status']['jobName']}")
    (pod,) = pods
    done = {step["name"]: _unix(step["finishedAt"]) for step in job["status"]["steps"]}
    return {
        "received": times.received,
        "complete": times.received + times.quiet_seconds,
        "job_created": _unix(job["metadata"]["creationTimestamp"]),
        "pod_started": _unix(pod["status"]["startTime"]),
        "fetched": done["fetch"],
        "inferred": done["model"],
        "written": done["deliver"],
        "delivered": times.delivered,
    }


def rows(ends: dict[str, float]) -> list[Row]:
    """Return one row per stage (its own seconds), and the whole."""
    steps = [
        Row(f"path.{name}_seconds", round(max(ends[name] - ends[before], 0.0), 1), "s")
        for before, name in pairwise(STAGES)
    ]
    whole = round(ends["delivered"] - ends["received"], 1)
    return [*steps, Row("path.total_seconds", whole, "s")]


def picture(ends: dict[str, float]) -> str:
    """Draw the waterfall as text."""
    start, width = ends["received"], 50
    scale = width / max(ends["delivered"] - start, 1e-6)
    lines = []
    for before, name in pairwise(STAGES):
        left, right = (round((ends[at] - start) * scale) for at in (before, name))
        bar = " " * left + "#" * max(right - left, 1)
        lines.append(f"{name:12} {bar:{width + 1}} {ends[name] - start:6.1f} s")
    return "\n".join(lines)


def _unix(text: str) -> float:
    moment: dt.datetime = from_rfc3339(text)
    return moment.timestamp()


def _get(target: Target, kind: str, name: str) -> dict[str, Any]:
    found = target.kubectl("-n", NAMESPACE, "get", kind, name, "-o", "json")
    return dict(json.loads(found))


def _list(target: Target, labels: str) -> list[dict[str, Any]]:
    found = target.kubectl("-n", NAMESPACE, "get", "pods", "-l", labels, "-o", "json")
    return list(json.loads(found)["items"])
