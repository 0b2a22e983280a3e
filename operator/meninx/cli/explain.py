"""`meninx explain JOB`: why a job waits or failed, and what to do."""

import argparse
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from meninx.base.clock import SystemClock
from meninx.base.errors import NotFound
from meninx.cli.output import add_namespace, as_json, namespace, since, span
from meninx.kube.client import Api, KubeApi
from meninx.kube.kinds import INFERENCEJOB, TRAININGJOB
from meninx.resources.reasons import MEANINGS, Reason

Manifest = Mapping[str, Any]

_OWN_WORDS = {
    "Succeeded": "It is done: nothing to do.",
    "Running": "It runs: nothing to do.",
    "Delivering": "The result is in the store and on its way.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("job", metavar="JOB", help="name of the InferenceJob or TrainingJob")
    add_namespace(parser)
    parser.add_argument("--json", action="store_true", help="print JSON for a script")


def run(args: argparse.Namespace) -> int:
    """Print the explanation."""
    job = find(KubeApi.connect(), namespace(args), args.job)
    now = SystemClock().now()
    print(as_json(facts(job)) if args.json else "\n".join(lines(job, now)))
    return 0


def read(api: Api, where: str, name: str) -> Manifest:
    """Return the job; NotFound says how to list those that there are."""
    job = api.get(INFERENCEJOB, where, name)
    if job is None:
        raise NotFound(
            f"InferenceJob {name} does not exist in namespace {where}: kubectl -n {where} get ij"
        )
    return job


def find(api: Api, where: str, name: str) -> Manifest:
    """Return the InferenceJob or else the TrainingJob of that name; NotFound where neither is there."""
    return api.get(TRAININGJOB, where, name) or read(api, where, name)


def obstacles(job: Manifest) -> list[Manifest]:
    """Return the conditions that do not hold, each reason once, the first is the one that counts."""
    found: dict[str, Manifest] = {}
    for condition in (job.get("status") or {}).get("conditions") or ():
        if condition.get("status") != "True":
            found.setdefault(str(condition.get("reason")), condition)
    return list(found.values())


def remedy(reason: str) -> str:
    """Return what to do about a reason; empty where this version does not know it."""
    return MEANINGS[Reason(reason)].remedy if reason in set(Reason) else ""


def facts(job: Manifest) -> dict[str, Any]:
    """Return the explanation as data."""
    status = job.get("status") or {}
    return {
        "job": job["metadata"]["name"],
        "phase": status.get("phase") or "Pending",
        "queue": status.get("queue"),
        "obstacles": [
            {
                "condition": one.get("type"),
                "reason": one.get("reason"),
                "message": one.get("message"),
                "remedy": remedy(str(one.get("reason"))),
            }
            for one in obstacles(job)
        ],
        "failedAttempts": status.get("failedAttempts") or [],
    }


def lines(job: Manifest, now: dt.datetime) -> list[str]:
    """Return the explanation for a person, a line each."""
    status = job.get("status") or {}
    phase = str(status.get("phase") or "Pending")
    age = since(job["metadata"].get("creationTimestamp"), now)
    said = [f"{job['metadata']['name']}: {phase}, {_what(job.get('spec') or {})}, made {age} ago"]
    said += _queue(status.get("queue")) if phase in {"Pending", "Queued"} else []
    said += [f"  {one['type']}: {one['message'] or one['reason']}" for one in obstacles(job)]
    said += [f"  {_OWN_WORDS[phase]}"] if phase in _OWN_WORDS else []
    said += _attempts(status.get("failedAttempts") or [])
    said += _timings(status.get("timings") or {})
    said += _trained(status)
    if phase in {"Failed", "Cancelled"} and job.get("kind") != TRAININGJOB.kind:
        said.append(f"  When that is mended: meninx retry {job['metadata']['name']}")
    return said


def _what(spec: Manifest) -> str:
    """Return what runs, and in which priority; a training has a plan and comes after all jobs."""
    if plan := spec.get("plan"):
        return f"training by plan {plan.get('preset')}"
    work = (spec.get("modelRef") or spec.get("pipelineRef") or {}).get("name")
    return f"priority {spec.get('priority')}, {work}"


def _trained(status: Manifest) -> list[str]:
    """Return how far a training has come, and what became of its version."""
    said = []
    if it := status.get("progress"):
        best = f", best Dice {it['bestDice']:.3f}" if it.get("bestDice") is not None else ""
        runs = status.get("phase") == "Running" and it.get("etaSeconds") is not None
        rest = f", {span(it['etaSeconds'])} to go" if runs else ""
        said.append(f"  Epoch {it['epoch']} of {it['epochs']}{best}{rest}")
    if name := status.get("registered"):
        said.append(f"  Registered as AIModel {name}; meninx promote {name} lets routes run it")
    if gate := status.get("gate"):
        said.append(f"  Gate: {gate['decision']}. {gate.get('message', '')}")
    return said


def _queue(queue: Manifest | None) -> list[str]:
    if not queue:
        return []
    ahead = ", ".join(queue.get("ahead") or ())
    return [f"  Place in the queue: {queue['position']}" + (f"; ahead: {ahead}" if ahead else "")]


def _attempts(attempts: Sequence[Manifest]) -> list[str]:
    return [
        f"  Attempt {one['number']} failed: {one['reason']}"
        + (f" in step {one['step']}" if one.get("step") else "")
        + (f" on {one['node']}" if one.get("node") else "")
        + ("" if one.get("counts", True) else " (used up no retry)")
        for one in attempts
    ]


def _timings(timings: Mapping[str, float]) -> list[str]:
    shown = ", ".join(f"{stage} {span(seconds)}" for stage, seconds in timings.items())
    return [f"  Took: {shown}"] if shown else []
