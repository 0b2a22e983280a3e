"""What the jobs of each model tell of it, kept by what the watch tells: nothing is listed."""

import datetime as dt
import math
import threading
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from meninx.controller.job.steps import moment
from meninx.kube.conditions import find
from meninx.kube.kinds import AIMODEL, AIPIPELINE
from meninx.resources.inferencejob import TERMINAL
from meninx.resources.reasons import Reason

Work = tuple[str, str]
"""Kind and name of what a job runs: an AIModel or an AIPipeline."""
Standing = Literal["waiting", "running", "succeeded", "failed", "other"]

TELLING = frozenset({Reason.IMAGE_PULL_FAILED, Reason.WEIGHTS_MISMATCH})
"""Reasons of a failed job that say something of its model."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A job that failed for what is its model's."""

    reason: Reason
    message: str
    started: dt.datetime
    finished: dt.datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One job, as far as its model is concerned."""

    work: Work
    standing: Standing
    job_name: str = ""
    """Its Kubernetes Job, while it runs."""
    latency_seconds: float | None = None
    trouble: Trouble | None = None


def line_of(job: Mapping[str, Any]) -> Line:
    """Return the line of an InferenceJob as it is stored."""
    spec, status = job.get("spec") or {}, job.get("status") or {}
    named = spec.get("pipelineRef")
    kind, reference = (AIPIPELINE, named) if named else (AIMODEL, spec.get("modelRef") or {})
    standing = _standing(status)
    return Line(
        work=(kind.kind, str(reference.get("name", ""))),
        standing=standing,
        job_name=str(status.get("jobName") or "") if standing == "running" else "",
        latency_seconds=_latency(job["metadata"], status) if standing == "succeeded" else None,
        trouble=_trouble(status) if standing == "failed" else None,
    )


def _standing(status: Mapping[str, Any]) -> Standing:
    phase = status.get("phase")
    if phase == "Succeeded":
        return "succeeded"
    if phase == "Failed":
        return "failed"
    if phase in TERMINAL or phase == "Delivering":
        return "other"
    admitted = find(status.get("conditions") or (), "Admitted") or {}
    return "running" if admitted.get("status") == "True" and status.get("jobName") else "waiting"


def _latency(metadata: Mapping[str, Any], status: Mapping[str, Any]) -> float | None:
    stored = find(status.get("conditions") or (), "Stored") or {}
    created, done = (
        moment(metadata.get("creationTimestamp")),
        moment(stored.get("lastTransitionTime")),
    )
    if created is None or done is None or stored.get("status") != "True":
        return None
    return max(0.0, (done - created).total_seconds())


def _trouble(status: Mapping[str, Any]) -> Trouble | None:
    said = find(status.get("conditions") or (), "Inferred") or {}
    started, finished = moment(status.get("startedAt")), moment(status.get("finishedAt"))
    if said.get("reason") not in TELLING or started is None or finished is None:
        return None
    return Trouble(Reason(said["reason"]), str(said.get("message", "")), started, finished)


@dataclass(frozen=True)
class Tally:
    """What is counted of a model's jobs."""

    running: int = 0
    waiting: int = 0
    succeeded: int = 0
    failed: int = 0
    p50: float | None = None
    p95: float | None = None


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that this share of the ordered values does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


class Ledger:
    """One line for each job, by what it runs; told from any thread."""

    def __init__(self) -> None:
        self._lines: dict[Work, dict[str, Line]] = defaultdict(dict)
        self._running: dict[Work, dict[str, str]] = defaultdict(dict)
        self._works: dict[str, Work] = {}
        self._lock = threading.Lock()

    def saw(self, job: Mapping[str, Any]) -> Work | None:
        """Take note of a job; return what it runs where that is news of the model.

        News is that the first of its jobs has begun, the last has ended, or one failed for it.
        """
        name, line = str(job["metadata"]["name"]), line_of(job)
        with self._lock:
            before, known = bool(self._running[line.work]), self._lines[line.work].get(name)
            self._forget(name)
            self._works[name] = line.work
            self._lines[line.work][name] = line
            if line.standing == "running":
                self._running[line.work][name] = line.job_name
            turned = bool(self._running[line.work]) != before
            told = line.trouble is not None and (known is None or known.trouble is None)
            return line.work if turned or told else None

    def gone(self, name: str) -> Work | None:
        """Take note that a job is no more; return what it ran where it was the last to run."""
        with self._lock:
            work = self._works.get(name)
            before = work is not None and bool(self._running[work])
            self._forget(name)
            return work if work is not None and bool(self._running[work]) != before else None

    def work_of(self, name: str) -> Work | None:
        """Return what a job runs."""
        with self._lock:
            return self._works.get(name)

    def _forget(self, name: str) -> None:
        work = self._works.pop(name, None)
        if work is not None:
            del self._lines[work][name]
            self._running[work].pop(name, None)

    def running(self, works: Iterable[Work]) -> tuple[tuple[str, str], ...]:
        """Return name and Kubernetes Job of each job of these that runs, sorted."""
        with self._lock:
            return tuple(sorted(pair for work in works for pair in self._running[work].items()))

    def troubles(self, works: Collection[Work]) -> tuple[Trouble, ...]:
        """Return what failed jobs of these tell, oldest first."""
        with self._lock:
            lines = [line for work in works for line in self._lines[work].values()]
        found = (line.trouble for line in lines if line.trouble)
        return tuple(sorted(found, key=lambda trouble: trouble.finished))

    def tally(self, work: Work) -> Tally:
        """Count the jobs of one model or pipeline."""
        with self._lock:
            lines = list(self._lines[work].values())
        count = Counter(line.standing for line in lines)
        taken = sorted(line.latency_seconds for line in lines if line.latency_seconds is not None)
        return Tally(
            running=count["running"],
            waiting=count["waiting"],
            succeeded=count["succeeded"],
            failed=count["failed"],
            p50=round(percentile(taken, 0.5), 1) if taken else None,
            p95=round(percentile(taken, 0.95), 1) if taken else None,
        )
