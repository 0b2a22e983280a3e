"""What the operator measures: counted as it happens, or asked for at each scrape."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from meninx.base.errors import Conflict
from meninx.controller.census import Census, only, summed
from meninx.controller.job.chain import Chain
from meninx.controller.observations import STAGES, Observations, joined, observations
from meninx.kube.kinds import AIMODEL, AIPIPELINE, INFERENCEJOB, TRAININGJOB
from meninx.resources.reasons import Reason

_LOOK_SECONDS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
_STAGE_SECONDS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
_WAIT_SECONDS = (0.5, 1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400)

PRIORITIES = ("Stat", "Urgent", "Routine")
FAILURES = (
    Reason.IMAGE_PULL_FAILED, Reason.WEIGHTS_FAILED, Reason.WEIGHTS_MISMATCH, Reason.FETCH_FAILED,
    Reason.INPUT_NOT_USABLE, Reason.INPUT_NOT_FOR_MODEL, Reason.MODEL_FAILED,
    Reason.MODEL_ASKED_AGAIN, Reason.OUT_OF_MEMORY, Reason.TIMED_OUT, Reason.NOT_FINITE,
    Reason.BAD_RESULT, Reason.DELIVER_FAILED, Reason.DELIVERY_REFUSED,
    Reason.NO_PRESENTATION_CONTEXT, Reason.DEADLINE_EXCEEDED,
)  # fmt: skip
"""What usually ends a job badly: told as 0 from a model's first job on, so that the first failure
is an increase to Prometheus and not the birth of a series."""

MOST_MODELS = 200
"""Models with a series of their own: names invented without end must not fill Prometheus."""
OTHER_MODELS = "other"


Values = dict[tuple[str, ...], float]


@dataclass(frozen=True)
class Vitals:
    """How the operator's own parts do; asked at each scrape."""

    watch_ages: Callable[[], Mapping[str, float]] = dict
    loop_lag_seconds: Callable[[], float] = float
    leader: Callable[[], bool] = lambda: True


@dataclass
class _ModelNames:
    """The names that may be a label."""

    known: set[str] = field(default_factory=set)

    def label(self, name: str) -> str:
        if name in self.known or len(self.known) < MOST_MODELS:
            self.known.add(name)
            return name
        return OTHER_MODELS


_LOOKED_AT = (INFERENCEJOB.kind, AIMODEL.kind, AIPIPELINE.kind, TRAININGJOB.kind)


class Metrics:
    """The metrics of one operator, in a registry of their own."""

    CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.census = Census()
        self.vitals = Vitals()
        self._models = _ModelNames()
        self._expected: set[str] = set()
        self._count_looks()
        self._count_jobs()
        self.build = Info("meninx_build", "Version of the operator.", registry=self.registry)
        self.build.info({"version": version("meninx")})
        ProcessCollector(registry=self.registry)
        self.registry.register(Scraped(self))

    def _count_looks(self) -> None:
        self.failures = Counter(
            "meninx_reconcile_errors_total", "Looks at an object that failed and are repeated.",
            ["kind", "error"], registry=self.registry,
        )  # fmt: skip
        for kind in _LOOKED_AT:  # so that a rate is 0, not absent, before the first failure
            self.failures.labels(kind, Conflict.__name__)
        self.seconds = Histogram(
            "meninx_reconcile_seconds", "Time of one look at an object.", ["kind"],
            buckets=_LOOK_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.queue = Gauge(
            "meninx_workqueue_depth", "Objects that wait for a look.", registry=self.registry
        )

    def _count_jobs(self) -> None:
        self._waits = Histogram(
            "meninx_queue_wait_seconds", "Creation of a job to its admission.", ["priority"],
            buckets=_WAIT_SECONDS, registry=self.registry,
        )  # fmt: skip
        self._stages = Histogram(
            "meninx_stage_seconds", "Time that each stage took, of jobs that ended.",
            ["stage", "model"], buckets=_STAGE_SECONDS, registry=self.registry,
        )  # fmt: skip
        self._endings = Counter(
            "meninx_completions_total", "Jobs that ended, and why.", ["phase", "reason", "model"],
            registry=self.registry,
        )  # fmt: skip
        self._gpus = Counter(
            "meninx_gpu_seconds_total",
            "GPUs of jobs that ended, times the seconds that their pods lived.",
            ["model"], registry=self.registry,
        )  # fmt: skip
        for priority in PRIORITIES:
            self._waits.labels(priority)

    def looked(self, kind: str, seconds: float) -> None:
        """Count one look and its time."""
        self.seconds.labels(kind).observe(seconds)

    def transition(
        self, before: Mapping[str, Any], after: Mapping[str, Any], chain: Chain | None
    ) -> None:
        """Count what follows from a status that this process has just written.

        `before` is the InferenceJob that was decided on, `after` the operator's part of its new
        status. A write that was refused must not be told here: whoever wrote last counts.
        """
        kept = before.get("status") or {}
        seen = observations(kept, joined(kept, after), chain)
        self._add(seen, before.get("spec") or {})

    def _add(self, seen: Observations, spec: Mapping[str, Any]) -> None:
        ref = spec.get("modelRef") or spec.get("pipelineRef") or {}
        model = self.model_label(str(ref.get("name") or ""))
        self._expect(model)
        if seen.queue_wait_seconds is not None:
            self._waits.labels(spec.get("priority") or "Routine").observe(seen.queue_wait_seconds)
        if seen.ending is None:
            return
        self._endings.labels(seen.ending.phase, seen.ending.reason, model).inc()
        for stage, seconds in seen.stage_seconds.items():
            self._stages.labels(stage, model).observe(seconds)
        if seen.gpu_seconds:
            self._gpus.labels(model).inc(seen.gpu_seconds)

    def _expect(self, model: str) -> None:
        if model in self._expected:
            return
        self._expected.add(model)
        self._endings.labels("Succeeded", Reason.DELIVERED.value, model)
        for reason in FAILURES:
            self._endings.labels("Failed", reason.value, model)
        for stage in STAGES:
            self._stages.labels(stage, model)
        self._gpus.labels(model)

    def model_label(self, name: str) -> str:
        """Return the label of a model or pipeline."""
        return self._models.label(name)

    def text(self) -> bytes:
        """Return the page that Prometheus scrapes."""
        return generate_latest(self.registry)


class Scraped(Collector):
    """What is asked for at each scrape; jobs are told by the leader only, so that sums are right."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges as of now."""
        vitals = self._metrics.vitals
        leader = vitals.leader()
        yield gauge("meninx_leader", "1 where this replica does the work.", (), {(): int(leader)})
        ages: Values = {(kind,): age for kind, age in vitals.watch_ages().items()}
        yield gauge(
            "meninx_watch_age_seconds", "Time since the API server was last heard of a kind.",
            ("kind",), ages,
        )  # fmt: skip
        lag: Values = {(): vitals.loop_lag_seconds()}
        yield gauge("meninx_loop_lag_seconds", "How late the event loop's last turn was.", (), lag)
        yield from self._jobs(told=leader)

    def _jobs(self, *, told: bool) -> Iterable[GaugeMetricFamily]:
        counts = self._metrics.census.counts() if told else {}
        by_phase: Values = {}
        for (phase, name), count in summed(counts, "phase", "model").items():
            key = phase, self._metrics.model_label(name)
            by_phase[key] = by_phase.get(key, 0) + count
        yield gauge(
            "meninx_inferencejobs", "InferenceJobs there are.", ("phase", "model"), by_phase
        )
        for name, text, admitted in (
            ("meninx_pending", "Jobs that wait to be admitted.", False),
            ("meninx_admitted", "Jobs that are admitted and have not ended.", True),
        ):
            found = summed(only(counts, admitted=admitted), "priority")
            yield gauge(name, text, ("priority",), {**_none(told=told), **found})
        oldest = self._metrics.census.oldest() if told else {}
        yield gauge(
            "meninx_oldest_pending_timestamp_seconds",
            "Creation of the oldest job that waits for nothing but its turn.",
            ("priority",), {(priority,): made for priority, made in oldest.items()},
        )  # fmt: skip


def _none(*, told: bool) -> Values:
    """Return a zero for each priority, so that an empty queue is seen as one."""
    return {(priority,): 0 for priority in PRIORITIES} if told else {}


def gauge(
    name: str, text: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], float]
) -> GaugeMetricFamily:
    """Return a gauge as Prometheus' client wants it."""
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(key, float(value))
    return family
