"""How many InferenceJobs there are of each sort, kept by what the watch tells: nothing is listed."""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from meninx.kube.conditions import is_true
from meninx.resources.inferencejob import TERMINAL


@dataclass(frozen=True, order=True)
class Sort:
    """What jobs are told apart by in the metrics; never by their names."""

    phase: str
    model: str
    priority: str
    admitted: bool

    @property
    def living(self) -> bool:
        """Tell whether the job has still to end."""
        return self.phase not in TERMINAL


def sort_of(job: Mapping[str, Any]) -> Sort:
    """Return the sort of one InferenceJob as it is stored (no status yet: it is Pending)."""
    spec, status = job.get("spec") or {}, job.get("status") or {}
    ref = spec.get("modelRef") or spec.get("pipelineRef") or {}
    return Sort(
        phase=str(status.get("phase") or "Pending"),
        model=str(ref.get("name") or ""),
        priority=str(spec.get("priority") or "Routine"),
        admitted=is_true(status.get("conditions") or (), "Admitted"),
    )


class Census:
    """The sort of each job, by name; told from any thread."""

    def __init__(self) -> None:
        self._sorts: dict[str, Sort] = {}
        self._kept: dict[Sort, Sort] = {}
        self._lock = threading.Lock()

    def saw(self, job: Mapping[str, Any]) -> None:
        """Take note of a job as it is now."""
        sort = sort_of(job)
        with self._lock:
            self._sorts[str(job["metadata"]["name"])] = self._kept.setdefault(sort, sort)

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
            return Counter(self._sorts.values())


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
