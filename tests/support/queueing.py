"""Builders of what the queue decides on: right by default, each field to be overridden by name."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.support.clock import START

from meninx.controller.queue.capacity import Node, Request, node_of
from meninx.controller.queue.plan import Plan
from meninx.controller.queue.quantity import MEMORY, units
from meninx.controller.queue.snapshot import Candidate, Held, Limits, Snapshot
from meninx.resources.reasons import Reason

GPU = "nvidia.com/gpu"


def node(name: str = "gpu-1", **allocatable: Any) -> Node:
    """Return a node with one GPU; keywords replace or add to what it can allocate."""
    return node_of(node_manifest(name, allocatable=allocatable))


def node_manifest(
    name: str = "gpu-1",
    *,
    allocatable: Mapping[str, Any] | None = None,
    labels: Mapping[str, str] | None = None,
    ready: str = "True",
    **spec: Any,
) -> dict[str, Any]:
    """Return a Node as the API server holds it; keywords are fields of its spec."""
    offered = {"cpu": "16", "memory": "64Gi", "pods": "110", GPU: "1", **(allocatable or {})}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
        "spec": spec,
        "status": {
            "allocatable": {resource: str(count) for resource, count in offered.items()},
            "conditions": [{"type": "Ready", "status": ready}],
        },
    }


def request(
    gpu: int = 1, *, resource: str = GPU, cpu: int = 1000, memory: str = "4Gi", **more: Any
) -> Request:
    """Return what a pod asks for: one GPU, one CPU, 4 GiB."""
    extended = ((resource, gpu),) if gpu else ()
    return Request(cpu, units(MEMORY, memory), extended, **more)


def job(
    name: str = "job", *, age: float = 60.0, need: Request | None = None, **fields: Any
) -> Candidate:
    """Return a Routine job of the model unet that waits since `age` seconds before START."""
    whole: dict[str, Any] = {"uid": f"uid-{name}", "work": "unet", "request": need or request()}
    return Candidate(name=name, created=START - dt.timedelta(seconds=age), **(whole | fields))


def snapshot(
    jobs: Sequence[Candidate], nodes: Sequence[Node] = (), *, seconds: float = 0.0, **limits: Any
) -> Snapshot:
    """Return a snapshot `seconds` after START; one node with one GPU where none is given."""
    now = START + dt.timedelta(seconds=seconds)
    return Snapshot(now, tuple(jobs), tuple(nodes) or (node(),), Limits(**limits))


def told(plan: Plan, jobs: Sequence[Candidate]) -> dict[str, str]:
    """Return by name what the plan says of each job: Admitted, or the reason for which it waits."""
    return {job.name: str(plan.admission(job.uid).reason) for job in jobs}


def applied(given: Snapshot, plan: Plan) -> Snapshot:
    """Return the snapshot as it is once the plan has been followed."""
    return replace(given, jobs=tuple(_followed(job, plan) for job in given.jobs))


def _followed(job: Candidate, plan: Plan) -> Candidate:
    if job.uid in plan.preempted:
        return replace(job, state="waiting", node=None, preempted=True)
    if job.uid in plan.granted:
        return replace(job, state="granted", node=plan.placed.get(job.uid), preempted=False)
    return job


def read_case(case: Mapping[str, Any]) -> Snapshot:
    """Read a snapshot as a golden pair writes it."""
    nodes = [node_of(node_manifest(**one)) for one in case["nodes"]]
    jobs = [_read_job(**one) for one in case["jobs"]]
    return snapshot(jobs, nodes, **case.get("limits", {}))


def _read_job(
    name: str,
    *,
    needs: Mapping[str, Any] | None = None,
    held: str | None = None,
    not_before: float | None = None,
    **fields: Any,
) -> Candidate:
    why = Held(Reason(held)) if held else None
    start = START + dt.timedelta(seconds=not_before) if not_before is not None else None
    wanted = dict(needs or {})
    wanted["tolerations"] = tuple(tuple(one) for one in wanted.get("tolerations", ()))
    return job(name, need=request(**wanted), held=why, not_before=start, **fields)


def write_plan(given: Snapshot, plan: Plan) -> dict[str, Any]:
    """Return a plan as a golden pair writes it, by name."""
    names = {job.uid: job.name for job in given.jobs}
    return {
        "granted": [names[uid] for uid in plan.granted],
        "preempted": [names[uid] for uid in plan.preempted],
        "placed": {names[uid]: node for uid, node in plan.placed.items()},
        "jobs": {job.name: _said(plan, job.uid) for job in given.jobs},
        "look_again_seconds": plan.look_again_seconds,
    }


def _said(plan: Plan, uid: str) -> dict[str, Any]:
    said = plan.admission(uid)
    whole = {
        "reason": str(said.reason),
        "detail": said.detail,
        "position": said.position,
        "ahead": list(said.ahead),
    }
    return {key: value for key, value in whole.items() if value}
