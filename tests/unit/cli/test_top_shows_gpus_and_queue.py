"""`meninx top`: GPUs, what runs, and what waits for its turn."""

import datetime as dt
from typing import Any

import pytest
from tests.support.make import condition, inferencejob, trainingjob
from tests.support.workload import node

from meninx.cli import top

NOW = dt.datetime(2026, 1, 5, 9, 10, tzinfo=dt.UTC)


def _job(name: str, phase: str, *, minute: int = 0, **more: Any) -> dict[str, Any]:
    made = {"creationTimestamp": f"2026-01-05T09:{minute:02}:00Z"}
    status = {"phase": phase} | more.pop("status", {})
    return inferencejob(name, status=status, metadata=made, **more)


def _pod(node_name: str, phase: str = "Running", **limits: str) -> dict[str, Any]:
    container = {"name": "model", "resources": {"limits": limits}}
    return {
        "metadata": {"name": "p"},
        "spec": {
            "nodeName": node_name,
            "initContainers": [container, container],
            "containers": [{"name": "deliver"}],
        },
        "status": {"phase": phase},
    }


def test_queue_is_ordered_by_priority_then_age_then_name() -> None:
    jobs = [
        _job("old-routine", "Queued", minute=0),
        _job("b-stat", "Queued", minute=5, priority="Stat"),
        _job("a-stat", "Pending", minute=5, priority="Stat"),
        _job("urgent", "Queued", minute=9, priority="Urgent"),
        _job("runs", "Running", minute=0),
    ]
    names = [job["metadata"]["name"] for job in top.waiting(jobs)]
    assert names == ["a-stat", "b-stat", "urgent", "old-routine"]


def test_trainings_stand_last_and_show_their_epoch() -> None:
    progress = {"epoch": 3, "epochs": 20}
    made = {"creationTimestamp": "2026-01-05T08:00:00Z"}
    waits = trainingjob("waits", status={"phase": "Queued"}, metadata=made)
    runs = trainingjob("runs", status={"phase": "Running", "progress": progress}, metadata=made)
    jobs = [waits, runs, _job("routine", "Queued", minute=5)]
    assert [job["metadata"]["name"] for job in top.waiting(jobs)] == ["routine", "waits"]
    shown = top.text(top.Site(jobs, [], []), NOW, every=False)
    assert "epoch 3/20" in shown
    assert "plan unet" in shown


def test_gpu_of_a_pod_is_that_of_its_largest_container_not_their_sum() -> None:
    held = top.used([_pod("n", **{"nvidia.com/gpu": "2"})])
    assert held == {("n", "nvidia.com/gpu"): 2}


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_pod_that_has_ended_holds_no_gpu(phase: str) -> None:
    assert not top.used([_pod("n", phase, **{"nvidia.com/gpu": "1"})])


def test_pod_without_a_node_holds_no_gpu_yet() -> None:
    assert not top.used([_pod("", **{"nvidia.com/gpu": "1"})])


def test_nodes_show_what_is_used_of_what_they_offer() -> None:
    pods = [_pod("node-1", **{"nvidia.com/gpu": "1"})]
    (row,) = top.gpus(top.Site([], [node(gpus="4")], pods))
    assert (row["used"], row["allocatable"]) == (1, 4)


def test_mig_slices_are_gpus_too() -> None:
    offered = node(gpus="0")
    offered["status"]["allocatable"]["nvidia.com/mig-1g.10gb"] = "7"
    rows = top.gpus(top.Site([], [offered], []))
    assert {row["resource"]: row["allocatable"] for row in rows}["nvidia.com/mig-1g.10gb"] == 7


def test_running_job_shows_the_step_that_it_is_at() -> None:
    steps = [
        {"name": "fetch", "state": "Succeeded", "finishedAt": "2026-01-05T09:00:09Z"},
        {"name": "model", "state": "Running"},
        {"name": "deliver", "state": "Waiting"},
    ]
    shown = top.text(
        top.Site([_job("j", "Running", status={"steps": steps})], [], []), NOW, every=False
    )
    assert "model" in shown.splitlines()[3]


def test_long_queue_is_cut_and_says_how_to_see_the_rest() -> None:
    jobs = [_job(f"j-{number:02}", "Queued") for number in range(25)]
    site = top.Site(jobs, [], [])
    assert "... and 5 more (--all)" in top.text(site, NOW, every=False)
    assert "j-24" in top.text(site, NOW, every=True)


def test_waiting_job_shows_why_it_waits() -> None:
    waits = condition("Admitted", status="False", reason="ConcurrencyReached")
    job = _job("j", "Queued", status={"conditions": [waits]})
    assert "ConcurrencyReached" in top.text(top.Site([job], [], []), NOW, every=False)
    assert top.facts(top.Site([job], [], []))["waiting"][0]["why"] == "ConcurrencyReached"


def test_empty_site_says_so_in_words() -> None:
    shown = top.text(top.Site([], [], []), NOW, every=False)
    assert shown.split("\n\n") == [
        "No node offers a GPU.",
        "Nothing runs.",
        "Nothing waits.",
        "Ended and still kept: nothing.",
    ]
