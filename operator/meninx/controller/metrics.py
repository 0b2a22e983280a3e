"""What the operator measures."""

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BUCKETS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


class Metrics:
    """The metrics of one operator, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.jobs = Gauge(
            "meninx_jobs", "InferenceJobs by phase.", ["phase", "model"], registry=self.registry
        )
        self.failures = Counter(
            "meninx_reconcile_errors", "Looks that failed.", ["kind", "error"],
            registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "meninx_reconcile_seconds", "Time of one look.", ["kind"], buckets=_BUCKETS,
            registry=self.registry,
        )  # fmt: skip
        self.queue = Gauge("meninx_queue_keys", "Keys that wait.", registry=self.registry)

    def looked(self, kind: str, seconds: float) -> None:
        """Count one look and its time."""
        self.seconds.labels(kind).observe(seconds)

    def count_jobs(self, jobs: Sequence[Mapping[str, Any]]) -> None:
        """Set the number of jobs by phase and model from a fresh list."""
        tally = Tally(
            (
                str((job.get("status") or {}).get("phase") or "Pending"),
                str(((job.get("spec") or {}).get("modelRef") or {}).get("name")),
            )
            for job in jobs
        )
        self.jobs.clear()
        for (phase, model), count in tally.items():
            self.jobs.labels(phase, model).set(count)

    def text(self) -> bytes:
        """Return the page that Prometheus scrapes."""
        return generate_latest(self.registry)
