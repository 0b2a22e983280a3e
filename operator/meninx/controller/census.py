"""How many InferenceJobs there are of each sort, kept by what the watch tells: nothing is listed."""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from meninx.controller.job.steps import moment
from meninx.controller.job.telling import IN_LINE
from meninx.kube.conditions import find
from meninx.resources.inferencejob import TERMINAL


@dataclass(frozen=True, order=True)
class Sort:
    """What jobs are told apart by in the metrics; never by their names."""

    phase: str
    model: str
    priority: str
    admitted: bool
    in_line: bool
    """Whether it waits for nothing but its turn."""

    @property
    def living(self) -> bool:
        """Tell whether the job has still to end."""
        return self.phase not in TERMINAL


def sort_of(job: Mapping[str, Any]) -> Sort:
    """Return the sort of one InferenceJob as it is stored (no status yet: it is Pending)."""
    spec, status = job.get("spec") or {}, job.get("status") or {}
    ref = spec.get("modelRef") or spec.get("pipelineRef") or {}
    admitted = find(status.get("conditions") or (), "Admitted") or {}
    phase = str(status.get("phase") or "Pending")
    return Sort(
        phase=phase,
        model=str(ref.get("name") or ""),
        priority=str(spec.get("priority") or "Routine"),
        admitted=admitted.get("status") == "True",
        in_line=phase not in TERMINAL and admitted.get("reason") in IN_LINE,
    )


class Census:
    """The sort of each job and when it was created, by name; told from any thread."""

    def __init__(self) -> None:
        self._sorts: dict[str, tuple[Sort, float]] = {}
        self._kept: dict[Sort, Sort] = {}
        self._lock = threading.Lock()

    def saw(self, job: Mapping[str, Any]) -> None:
        """Take note of a job as it is now."""
        sort, created = sort_of(job), moment(job["metadata"].get("creationTimestamp"))
        seconds = created.timestamp() if created else 0.0
        with self._lock:
            sort = self._kept.setdefault(sort, sort)
            self._sorts[str(job["metadata"]["name"])] = sort, seconds

    def reset(self, jobs: Iterable[Mapping[str, Any]]) -> None:
        """Take note that these are all the jobs there are."""
        with self._lock:
            self._sorts.clear()
        for job in jobs:
            self.saw(job)

    def gone(self, name: str) -> None:
        """Take note that a job is no more."""
        with self._lock:
            self._sorts.pop(name, None)

    def counts(self) -> Mapping[Sort, int]:
        """Return how many jobs there are of each sort."""
        with self._lock:
            return Counter(sort for sort, _ in self._sorts.values())

    def oldest(self) -> Mapping[str, float]:
        """Return when the oldest job in line was created, by priority, in seconds of the epoch."""
        with self._lock:
            waits = [(sort.priority, made) for sort, made in self._sorts.values() if sort.in_line]
        found: dict[str, float] = {}
        for priority, made in waits:
            found[priority] = min(made, found.get(priority, made))
        return found


def summed(counts: Mapping[Sort, int], *names: str) -> dict[tuple[str, ...], int]:
    """Return the counts by some of the fields of `Sort`."""
    sums: Counter[tuple[str, ...]] = Counter()
    for sort, count in counts.items():
        sums[tuple(str(getattr(sort, name)) for name in names)] += count
    return dict(sums)


def only(counts: Mapping[Sort, int], *, admitted: bool) -> dict[Sort, int]:
    """Return the counts of the jobs that have still to end and are admitted, or are not."""
    kept: Iterable[Sort] = (sort for sort in counts if sort.living and sort.admitted is admitted)
    return {sort: counts[sort] for sort in kept}
