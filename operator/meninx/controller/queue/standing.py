"""What the objects of one InferenceJob or TrainingJob say of its standing in the queue (pure)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from meninx.base.clock import to_rfc3339
from meninx.controller.job import begin
from meninx.controller.job.chain import Chain, Obstacle
from meninx.controller.job.observed import OVER, Observed
from meninx.controller.job.steps import moment, read_steps
from meninx.controller.queue.capacity import Request, request_of
from meninx.controller.queue.snapshot import Candidate, Held
from meninx.controller.training import register
from meninx.controller.training.observed import Observed as ObservedTraining
from meninx.controller.training.observed import chain_of
from meninx.kube import conditions
from meninx.resources.inferencejob import TERMINAL, InferenceJob
from meninx.resources.reasons import Reason
from meninx.resources.trainingjob import ENDED, TrainingJob

Manifest = Mapping[str, Any]

_LONG_AGO = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class Work:
    """An AIModel or AIPipeline as the queue sees it."""

    key: str
    chain: Chain | Obstacle
    request: Request
    """What its pod asks for; of no meaning where the chain is an obstacle."""

    @property
    def concurrency(self) -> int | None:
        """Return the most jobs at once; None where there is no limit."""
        return self.chain.concurrency if isinstance(self.chain, Chain) else None


@dataclass(frozen=True)
class Memory:
    """What the queue has decided on a job and the API server does not show yet."""

    granted_at: dt.datetime | None = None
    node: str | None = None
    """Where the plan saw room for it."""
    revoked: bool = False
    """It gives way, and its Kubernetes Job is not suspended yet."""
    gave_way: bool = False
    """It had to give way, and waits to go on."""
    rests_until: dt.datetime | None = None
    """It had its turn and nothing came of it: others go first until then."""

    @property
    def waits_for_news(self) -> bool:
        """Tell whether it is to be compared with the API server at each plan."""
        return self.revoked or self.granted_at is not None or self.rests_until is not None


def is_over(observed: Observed) -> bool:
    """Tell whether a job needs no turn any more."""
    if observed.resource["metadata"].get("deletionTimestamp"):
        return True
    ended = observed.status.get("phase") in TERMINAL
    return ended or observed.work_ended or observed.work_done


def holds_a_turn(observed: Observed) -> bool:
    """Tell whether a Kubernetes Job is there that may have pods: that is its turn."""
    there = observed.kubernetes_job is not None and not observed.is_going
    return there and not observed.suspended


def candidate(observed: Observed, work: Work, memory: Memory) -> Candidate | None:
    """Return a job as the queue sees it; None where it stands in no queue of ours."""
    try:
        job = InferenceJob.model_validate({**observed.resource, "status": {}})
    except ValidationError:
        return None
    running = holds_a_turn(observed)
    for_kueue = bool(job.spec.queue_name) or observed.is_kueues
    if is_over(observed) or (for_kueue and not running):
        return None
    created = observed.created_at or _LONG_AGO
    placed = _placed(observed) if running else None
    return Candidate(
        uid=str(job.metadata.uid),
        name=job.metadata.name,
        work=work.key,
        created=created,
        request=work.request,
        priority=job.spec.priority,
        concurrency=work.concurrency,
        state=_state(running, memory, placed=placed is not None),
        node=placed or memory.node,
        not_before=moment(job.spec.not_before),
        deadline=_deadline(job, created),
        held=_held(observed, job, work) or _rest(memory),
        preemptible=not for_kueue and not _past_inference(observed),
        preempted=memory.revoked or memory.gave_way or (not running and _gave_way(observed)),
    )


def training(
    observed: ObservedTraining, memory: Memory, gpu_product: str | None
) -> Candidate | None:
    """Return a training as the queue sees it; None where it needs no turn, or can't be read."""
    try:
        job = TrainingJob.model_validate({**observed.resource, "status": {}})
    except ValidationError:
        return None
    status, running = observed.status, holds_a_turn(observed)
    if is_over(observed) or status.get("phase") in ENDED or status.get("result"):
        return None
    created = observed.created_at or _LONG_AGO
    placed = _placed(observed) if running else None
    return Candidate(
        uid=str(job.metadata.uid),
        name=job.metadata.name,
        work=f"{job.kind}/{job.metadata.name}",
        created=created,
        request=request_of(chain_of(job), gpu_product),
        priority="Training",
        state=_state(running, memory, placed=placed is not None),
        node=placed or memory.node,
        held=_held_training(observed, job, running=running) or _rest(memory),
        preempted=memory.revoked or memory.gave_way or (not running and _gave_way(observed)),
    )


def _held_training(observed: ObservedTraining, job: TrainingJob, *, running: bool) -> Held | None:
    if job.spec.cancel:
        return Held(Reason.CANCELLED)
    if job.spec.suspend:
        return Held(Reason.SUSPENDED)
    said = None if running else register.obstacle(observed, job)
    return None if said is None else Held(said.reason, said.detail)


def _state(running: bool, memory: Memory, *, placed: bool) -> Any:
    if running and not memory.revoked:
        return "running" if placed else "granted"
    return "granted" if memory.granted_at is not None else "waiting"


def _placed(observed: Observed) -> str | None:
    """Return the node on which a pod of the job is; None where none is on one."""
    for pod in observed.pods:
        node = (pod.get("spec") or {}).get("nodeName")
        over = (pod.get("status") or {}).get("phase") in OVER
        if node and not over and not pod["metadata"].get("deletionTimestamp"):
            return str(node)
    return None


def _past_inference(observed: Observed) -> bool:
    """Tell whether the last step of a pod is all that is left of it."""
    newest = observed.newest_pod
    return newest is not None and all(step.succeeded for step in read_steps(newest)[:-1])


def _gave_way(observed: Observed) -> bool:
    admitted = conditions.find(observed.status.get("conditions") or (), "Admitted") or {}
    return admitted.get("reason") == Reason.PREEMPTED


def _rest(memory: Memory) -> Held | None:
    if memory.rests_until is None:
        return None
    detail = (
        f"Its turn came and no Kubernetes Job; the next is at {to_rfc3339(memory.rests_until)}."
    )
    return Held(Reason.QUEUED, detail)


def _deadline(job: InferenceJob, created: dt.datetime) -> dt.datetime | None:
    limit = job.spec.deadline_seconds
    return None if limit is None else created + dt.timedelta(seconds=limit)


def _held(observed: Observed, job: InferenceJob, work: Work) -> Held | None:
    """Say what keeps the job out of the line, its time aside, which the plan looks at."""
    if job.spec.cancel:
        return Held(Reason.CANCELLED)
    if holds_a_turn(observed) and not job.spec.suspend:
        return None
    due = moment(job.spec.not_before) or _LONG_AGO
    said = begin.obstacle(job, observed.status, work.chain, now=due)
    return None if said is None else Held(said.reason, said.detail)
