"""What the operations dashboard shows: each panel with its queries; no Grafana here."""

from dataclasses import dataclass
from typing import Literal

HERE = 'namespace=~"$namespace"'
"""The release that is looked at; matches all where targets carry no namespace."""
LATELY = "$__rate_interval"


@dataclass(frozen=True)
class Query:
    """One query; `legend` is Grafana's template of a line's name."""

    expr: str
    legend: str


@dataclass(frozen=True)
class Shown:
    """One panel."""

    title: str
    text: str
    queries: tuple[Query, ...]
    unit: str = "short"
    kind: Literal["lines", "stack", "number"] = "lines"
    bad_from: float | None = None
    """A number that is red from here on."""
    width: int = 8


def of(metric: str, *matchers: str) -> str:
    """Return a selector of a metric of this release."""
    return f"{metric}{{{', '.join((HERE, *matchers))}}}"


def rate(metric: str, *matchers: str, over: str = LATELY) -> str:
    """Return the rate of a counter per second."""
    return f"rate({of(metric, *matchers)}[{over}])"


def quantiles(metric: str, by: str, *matchers: str, over: str = LATELY) -> tuple[Query, ...]:
    """Return median and 95th percentile of a histogram by a label."""
    buckets = f"sum by (le, {by}) ({rate(f'{metric}_bucket', *matchers, over=over)})"
    return tuple(
        Query(f"histogram_quantile({quantile}, {buckets})", f"{{{{{by}}}}} {name}")
        for quantile, name in ((0.5, "p50"), (0.95, "p95"))
    )


def _sum(by: str, expr: str, legend: str | None = None) -> Query:
    return Query(f"sum by ({by}) ({expr})", f"{{{{{by}}}}}" if legend is None else legend)


MODEL = 'model=~"$model"'
_FAILED = 'phase="Failed"'
_ENDED = "meninx_completions_total"
_FAILED_1H = f"increase({of(_ENDED, MODEL, _FAILED)}[1h])"
_RUNNING = of("meninx_inferencejobs", MODEL, 'phase="Running"')
_OLDEST = "meninx_oldest_pending_timestamp_seconds"

NOW = (
    Shown(
        "Leading", "Operators that do the work: 1. With 0 nothing is started.",
        (Query(f"sum({of('meninx_leader')})", "leaders"),), kind="number", width=4,
    ),
    Shown(
        "Running", "Jobs whose pod is at work now.",
        (Query(f"sum({_RUNNING}) or vector(0)", "jobs"),), kind="number", width=4,
    ),
    Shown(
        "Waiting", "Jobs that are not admitted yet, for whatever reason.",
        (Query(f"sum({of('meninx_pending')})", "jobs"),), kind="number", width=4,
    ),
    Shown(
        "Longest in line", "Age of the oldest job that waits for nothing but its turn.",
        (Query(f"max(time() - {of(_OLDEST)}) or vector(0)", "age"),),
        unit="s", kind="number", width=4,
    ),
    Shown(
        "Failed in the last hour", "Jobs that ended Failed.",
        (Query(f"sum({_FAILED_1H})", "jobs"),), kind="number", bad_from=1, width=4,
    ),
    Shown(
        "Results in the outbox", "Result objects that a destination has not taken yet.",
        (Query(f"sum({of('meninx_outbox_depth')})", "objects"),), kind="number", width=4,
    ),
)  # fmt: skip

JOBS = (
    Shown(
        "Jobs by phase", "InferenceJobs there are; ended ones leave after their time to live.",
        (_sum("phase", of("meninx_inferencejobs", MODEL)),), kind="stack",
    ),
    Shown(
        "Jobs by model", "The same by AIModel or AIPipeline.",
        (_sum("model", of("meninx_inferencejobs", MODEL)),), kind="stack",
    ),
    Shown(
        "Ended per hour", "Jobs that ended, by how.",
        (_sum("phase", f"{rate(_ENDED, MODEL)} * 3600"),),
    ),
    Shown(
        "Failures by reason", "Jobs that ended Failed within the last hour; docs/reference/reasons.md "
        "says what to do about each.",
        (_sum("reason", f"{_FAILED_1H} > 0"),), kind="stack",
    ),
    Shown(
        "Stages, median and p95", "Time of each stage of the jobs that ended within 15 minutes.",
        quantiles("meninx_stage_seconds", "stage", MODEL, over="15m"), unit="s", width=16,
    ),
)  # fmt: skip

QUEUE = (
    Shown(
        "Waiting by priority", "Jobs that are not admitted yet.",
        (_sum("priority", of("meninx_pending")),), kind="stack",
    ),
    Shown(
        "Admitted by priority", "Jobs that may run and have not ended.",
        (_sum("priority", of("meninx_admitted")),), kind="stack",
    ),
    Shown(
        "Queue wait, median and p95", "Creation to admission, of jobs admitted within 15 minutes.",
        quantiles("meninx_queue_wait_seconds", "priority", over="15m"), unit="s",
    ),
    Shown(
        "GPU seconds per hour", "GPUs times the time that their pods lived, of jobs that ended.",
        (_sum("model", f"increase({of('meninx_gpu_seconds_total', MODEL)}[1h])"),), unit="s",
        kind="stack",
    ),
    Shown(
        "GPUs busy", "The same as a mean number of GPUs in use over 15 minutes.",
        (_sum("model", rate("meninx_gpu_seconds_total", MODEL, over="15m")),), kind="stack",
    ),
    Shown(
        "Longest in line by priority", "Age of the oldest job that waits for nothing but its turn.",
        (Query(f"max by (priority) (time() - {of(_OLDEST)})", "{{priority}}"),), unit="s",
    ),
)  # fmt: skip

STUDIES = (
    Shown(
        "Images received", "Instances per second, by what became of them.",
        (_sum("result", rate("meninx_instances_received_total")),), kind="stack",
    ),
    Shown(
        "Studies routed", "Study revisions decided on per hour.",
        (_sum("outcome", f"{rate('meninx_routing_studies_total')} * 3600"),), kind="stack",
    ),
    Shown(
        "Studies refused by reason", "Within the last hour; kubectl describe sr names each study.",
        (_sum("reason", f"increase({of('meninx_routing_refusals_total')}[1h])"),), kind="stack",
    ),
    Shown(
        "Deliveries", "Attempts to deliver a result object per hour, by outcome.",
        (_sum("outcome", f"{rate('meninx_deliveries_total')} * 3600"),), kind="stack",
    ),
    Shown(
        "Outbox by destination", "Result objects that wait for a DicomNode.",
        (_sum("destination", of("meninx_outbox_depth")),), kind="stack",
    ),
    Shown(
        "Associations open", "Connections of scanners and PACS to the DICOM port.",
        (Query(f"sum({of('meninx_associations_open')})", "open"),),
    ),
)  # fmt: skip

OPERATOR = (
    Shown(
        "Age of each watch", "Time since the API server was last heard of a kind: about a minute at most.",
        (Query(f"max by (kind) ({of('meninx_watch_age_seconds')})", "{{kind}}"),), unit="s",
    ),
    Shown(
        "Looks that failed", "Per minute; they are repeated. Conflicts are ordinary.",
        (_sum("error", f"{rate('meninx_reconcile_errors_total')} * 60"),),
    ),
    Shown(
        "One look, median and p95", "Time that one look at an object takes.",
        quantiles("meninx_reconcile_seconds", "kind"), unit="s",
    ),
    Shown(
        "Objects that wait for a look", "Depth of the operator's own work queue.",
        (Query(f"sum({of('meninx_workqueue_depth')})", "objects"),),
    ),
    Shown(
        "Event loop", "How late its last turn was.",
        (Query(f"max({of('meninx_loop_lag_seconds')})", "lag"),), unit="s",
    ),
    Shown(
        "Memory", "Resident memory of operator and ingress.",
        (
            Query(
                f"{of('process_resident_memory_bytes')} * on (instance) group_left () "
                f"(max by (instance) ({of('meninx_leader')}) * 0 + 1)",
                "operator {{instance}}",
            ),
            Query(
                f"{of('process_resident_memory_bytes')} * on (instance) group_left () "
                f"(max by (instance) ({of('meninx_associations_open')}) * 0 + 1)",
                "ingress {{instance}}",
            ),
        ),
        unit="bytes",
    ),
)  # fmt: skip

ROWS = (
    ("Now", NOW),
    ("Jobs", JOBS),
    ("Queue and GPUs", QUEUE),
    ("Studies in, results out", STUDIES),
    ("The operator itself", OPERATOR),
)
