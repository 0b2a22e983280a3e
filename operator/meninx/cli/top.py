"""`meninx top`: GPUs, what runs, and what waits for its turn."""

import argparse
import datetime as dt
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meninx.base.clock import SystemClock
from meninx.cli.output import add_namespace, as_json, namespace, since, table
from meninx.kube.client import Api, KubeApi
from meninx.kube.kinds import INFERENCEJOB, NODE, POD, TRAININGJOB
from meninx.resources import names
from meninx.resources.inferencejob import TERMINAL

Manifest = Mapping[str, Any]

PRIORITIES = ("Stat", "Urgent", "Routine", "Training")
_GPU_MARKS = ("nvidia.com/", "amd.com/gpu", "gpu.intel.com/")
_SHOWN = 20


@dataclass(frozen=True)
class Site:
    """What the API server says now."""

    jobs: Sequence[Manifest]
    """InferenceJobs and TrainingJobs."""
    nodes: Sequence[Manifest]
    pods: Sequence[Manifest]
    """Pods of our jobs."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_namespace(parser)
    parser.add_argument("--json", action="store_true", help="print JSON for a script")
    parser.add_argument("--all", action="store_true", help="all waiting jobs, not the first 20")
    parser.add_argument("--watch", type=float, metavar="SECONDS", help="show it again and again")


def run(args: argparse.Namespace) -> int:
    """Show once, or until interrupted."""
    api, where = KubeApi.connect(), namespace(args)
    while True:
        site, now = look(api, where), SystemClock().now()
        shown = as_json(facts(site)) if args.json else text(site, now, every=args.all)
        print(("\x1b[2J\x1b[H" if args.watch and not args.json else "") + shown, flush=True)
        if not args.watch:
            return 0
        time.sleep(args.watch)


def look(api: Api, where: str) -> Site:
    """Read what is shown."""
    managed = {names.LABEL_MANAGED: names.MANAGED_BY}
    jobs = [*api.list(INFERENCEJOB, where), *api.list(TRAININGJOB, where)]
    return Site(jobs, api.list(NODE, None), api.list(POD, where, labels=managed))


def phase(job: Manifest) -> str:
    """Return where a job stands."""
    return str((job.get("status") or {}).get("phase") or "Pending")


def _spec(job: Manifest) -> Manifest:
    found: Manifest = job.get("spec") or {}
    return found


def _work(job: Manifest) -> str:
    if plan := _spec(job).get("plan"):
        return f"plan {plan.get('preset')}"
    ref = _spec(job).get("modelRef") or _spec(job).get("pipelineRef") or {}
    return str(ref.get("name", ""))


def _priority(job: Manifest) -> str:
    return "Training" if _spec(job).get("plan") else str(_spec(job).get("priority", "Routine"))


def waiting(jobs: Iterable[Manifest]) -> list[Manifest]:
    """Return the jobs that wait, in the order of the queue: priority, then age, then name."""
    found = [job for job in jobs if phase(job) in {"Pending", "Queued"}]
    return sorted(
        found,
        key=lambda job: (
            PRIORITIES.index(_priority(job)),
            str(job["metadata"].get("creationTimestamp")),
            job["metadata"]["name"],
        ),
    )


def running(jobs: Iterable[Manifest]) -> list[Manifest]:
    """Return the jobs that have a pod at work or a result under way, oldest first."""
    found = [job for job in jobs if phase(job) in {"Running", "Delivering", "Registering"}]
    return sorted(found, key=lambda job: str((job.get("status") or {}).get("startedAt")))


def why(job: Manifest) -> str:
    """Return the reason of the first condition that does not hold."""
    conditions = (job.get("status") or {}).get("conditions") or ()
    return next((str(one["reason"]) for one in conditions if one.get("status") != "True"), "")


def step(job: Manifest) -> str:
    """Return the step at which a job is, or the epoch of a training."""
    if progress := (job.get("status") or {}).get("progress"):
        return f"epoch {progress['epoch']}/{progress['epochs']}"
    steps = (job.get("status") or {}).get("steps") or ()
    at = next((one["name"] for one in steps if one.get("state") == "Running"), None)
    return str(at or next((one["name"] for one in steps if not one.get("finishedAt")), ""))


def used(pods: Iterable[Manifest]) -> Counter[tuple[str, str]]:
    """Return how much of each GPU resource our living pods hold, by node and resource."""
    held: Counter[tuple[str, str]] = Counter()
    for pod in pods:
        node = (pod.get("spec") or {}).get("nodeName")
        if node and (pod.get("status") or {}).get("phase") not in {"Succeeded", "Failed"}:
            for resource, count in _limits(pod).items():
                held[node, resource] += count
    return held


def _limits(pod: Manifest) -> Counter[str]:
    """Return the largest request of any one container: they run one after another."""
    spec, most = pod["spec"], Counter[str]()
    for container in [*(spec.get("initContainers") or ()), *spec.get("containers", ())]:
        limits = (container.get("resources") or {}).get("limits") or {}
        for resource, count in limits.items():
            if resource.startswith(_GPU_MARKS):
                most[resource] = max(most[resource], int(count))
    return most


def gpus(site: Site) -> list[dict[str, Any]]:
    """Return each node's GPU resources: how many, and how many our jobs hold."""
    held = used(site.pods)
    return [
        {
            "node": node["metadata"]["name"],
            "resource": resource,
            "product": (node["metadata"].get("labels") or {}).get("nvidia.com/gpu.product"),
            "allocatable": int(count),
            "used": held[node["metadata"]["name"], resource],
        }
        for node in site.nodes
        for resource, count in sorted(((node.get("status") or {}).get("allocatable") or {}).items())
        if resource.startswith(_GPU_MARKS)
    ]


def facts(site: Site) -> dict[str, Any]:
    """Return all of it as data."""
    return {
        "gpus": gpus(site),
        "phases": dict(Counter(phase(job) for job in site.jobs)),
        "running": [
            {
                "job": job["metadata"]["name"],
                "work": _work(job),
                "phase": phase(job),
                "step": step(job),
            }
            for job in running(site.jobs)
        ],
        "waiting": [
            {
                "position": position,
                "job": job["metadata"]["name"],
                "work": _work(job),
                "priority": _priority(job),
                "why": why(job),
            }
            for position, job in enumerate(waiting(site.jobs), start=1)
        ],
    }


def text(site: Site, now: dt.datetime, *, every: bool) -> str:
    """Return three tables: GPUs, running, waiting; and a line of what has ended."""
    queue = waiting(site.jobs)
    shown = queue if every else queue[:_SHOWN]
    parts = [
        _gpu_table(gpus(site)),
        _running_table(running(site.jobs), now),
        _waiting_table(shown, len(queue), now),
        _ended(site.jobs),
    ]
    return "\n\n".join(parts)


def _gpu_table(found: Sequence[Manifest]) -> str:
    if not found:
        return "No node offers a GPU."
    rows = [
        (g["node"], g["product"], g["resource"], f"{g['used']}/{g['allocatable']}") for g in found
    ]
    return table(("NODE", "PRODUCT", "RESOURCE", "USED"), rows)


def _running_table(jobs: Sequence[Manifest], now: dt.datetime) -> str:
    if not jobs:
        return "Nothing runs."
    rows = [
        (
            job["metadata"]["name"], _work(job), _priority(job), phase(job), step(job),
            since((job.get("status") or {}).get("startedAt"), now),
        )
        for job in jobs
    ]  # fmt: skip
    return table(("RUNNING", "WORK", "PRIORITY", "PHASE", "STEP", "FOR"), rows)


def _waiting_table(shown: Sequence[Manifest], count: int, now: dt.datetime) -> str:
    if not shown:
        return "Nothing waits."
    rows = [
        (
            place, job["metadata"]["name"], _work(job), _priority(job), why(job),
            since(job["metadata"].get("creationTimestamp"), now),
        )
        for place, job in enumerate(shown, start=1)
    ]  # fmt: skip
    more = f"\n... and {count - len(shown)} more (--all)" if count > len(shown) else ""
    return table(("#", "WAITING", "WORK", "PRIORITY", "WHY", "FOR"), rows) + more


def _ended(jobs: Sequence[Manifest]) -> str:
    tally = Counter(phase(job) for job in jobs if phase(job) in TERMINAL)
    said = ", ".join(f"{count} {name}" for name, count in sorted(tally.items())) or "nothing"
    return f"Ended and still kept: {said}."
