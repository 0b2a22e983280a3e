import datetime as dt
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.support.make import condition, inferencejob

from meninx.controller.census import Census, Sort, sort_of
from meninx.controller.metrics import MOST_MODELS, OTHER_MODELS, Metrics, Vitals

ADMITTED = [condition("Admitted")]


def value(metrics: Metrics, sample: str, **labels: str) -> float | None:
    """Return the value of one sample of the page that Prometheus scrapes."""
    for family in text_string_to_metric_families(metrics.text().decode()):
        for one in family.samples:
            if one.name == sample and one.labels == labels:
                return float(one.value)
    return None


def job(name: str, phase: str = "", **more: Any) -> dict[str, Any]:
    status = {"phase": phase, "conditions": more.pop("conditions", [])} if phase else None
    return inferencejob(name, status=status, **more)


@pytest.mark.parametrize(
    ("made", "sort"),
    [
        pytest.param(
            job("a"), Sort("Pending", "unet-meningioma", "Routine", False, False), id="new"
        ),
        pytest.param(
            job("a", "Running", conditions=ADMITTED, priority="Stat"),
            Sort("Running", "unet-meningioma", "Stat", True, False),
            id="running",
        ),
        pytest.param(
            job("a", modelRef=None, pipelineRef={"name": "brain-then-tumour"}),
            Sort("Pending", "brain-then-tumour", "Routine", False, False),
            id="pipeline",
        ),
        pytest.param(
            {"metadata": {"name": "a"}}, Sort("Pending", "", "Routine", False, False), id="odd"
        ),
    ],
)
def test_job_is_sorted_by_what_it_says(made: dict[str, Any], sort: Sort) -> None:
    assert sort_of(made) == sort


def test_job_counts_once_in_the_phase_that_it_has() -> None:
    census = Census()
    for phase in ("Pending", "Running", "Succeeded"):
        census.saw(job("a", phase))
    census.saw(job("b", "Running"))
    census.gone("b")
    assert {sort.phase: count for sort, count in census.counts().items()} == {"Succeeded": 1}


def test_fresh_list_replaces_what_was_known() -> None:
    census = Census()
    census.saw(job("vanished", "Running"))
    census.reset([job("a", "Running"), job("b", "Running")])
    assert list(census.counts().values()) == [2]


def test_page_tells_jobs_by_phase_and_priority() -> None:
    metrics = Metrics()
    metrics.census.reset([job("a"), job("b"), job("c", "Running", conditions=ADMITTED)])
    model = "unet-meningioma"
    assert value(metrics, "meninx_inferencejobs", phase="Pending", model=model) == 2
    assert value(metrics, "meninx_inferencejobs", phase="Running", model=model) == 1
    assert value(metrics, "meninx_pending", priority="Routine") == 2
    assert value(metrics, "meninx_pending", priority="Stat") == 0
    assert value(metrics, "meninx_admitted", priority="Routine") == 1


def test_oldest_in_line_is_told_by_its_creation() -> None:
    metrics = Metrics()
    queued, held = (
        [condition("Admitted", "False", reason=reason)] for reason in ("NoCapacity", "NotYet")
    )
    for name, said, minute in (("a", queued, "05"), ("b", queued, "03"), ("c", held, "01")):
        made = {"creationTimestamp": f"2026-01-05T09:{minute}:00Z"}
        metrics.census.saw(job(name, "Pending", conditions=said, metadata=made))
    oldest = value(metrics, "meninx_oldest_pending_timestamp_seconds", priority="Routine")
    assert oldest == dt.datetime(2026, 1, 5, 9, 3, tzinfo=dt.UTC).timestamp()


def test_usual_failures_are_zero_before_the_first_one() -> None:
    metrics = Metrics()
    metrics.transition(job("a"), {"phase": "Pending"}, None)
    ended = {"phase": "Failed", "reason": "ModelFailed", "model": "unet-meningioma"}
    assert value(metrics, "meninx_completions_total", **ended) == 0


def test_only_the_leader_tells_of_jobs() -> None:
    metrics = Metrics()
    metrics.census.saw(job("a"))
    metrics.vitals = Vitals(leader=lambda: False)
    assert value(metrics, "meninx_leader") == 0
    for sample in ("meninx_pending", "meninx_oldest_pending_timestamp_seconds"):
        assert value(metrics, sample, priority="Routine") is None


def test_page_tells_how_the_operator_does() -> None:
    metrics = Metrics()
    metrics.vitals = Vitals(lambda: {"Job": 3.5}, lambda: 0.25)
    assert value(metrics, "meninx_watch_age_seconds", kind="Job") == 3.5
    assert value(metrics, "meninx_loop_lag_seconds") == 0.25
    assert value(metrics, "meninx_leader") == 1


def test_written_end_is_counted_once_with_its_stages() -> None:
    metrics = Metrics()
    before = job("a", "Delivering", conditions=[condition("Delivered", reason="Delivered")])
    after = {"phase": "Succeeded", "timings": {"waiting": 3.0, "inferring": 7.0}}
    metrics.transition(before, after, None)
    metrics.transition({**before, "status": after}, after, None)
    model = "unet-meningioma"
    ended = {"phase": "Succeeded", "reason": "Delivered", "model": model}
    assert value(metrics, "meninx_completions_total", **ended) == 1
    assert value(metrics, "meninx_queue_wait_seconds_sum", priority="Routine") == 3
    assert value(metrics, "meninx_stage_seconds_sum", stage="inferring", model=model) == 7


def test_names_invented_without_end_share_one_label() -> None:
    metrics = Metrics()
    labels = {metrics.model_label(f"model-{number}") for number in range(MOST_MODELS + 50)}
    assert OTHER_MODELS in labels
    assert len(labels) == MOST_MODELS + 1
    assert metrics.model_label("model-0") == "model-0"
