"""A job without a running pod: held back, in line, or to be started."""

import datetime as dt
from typing import Any

from meninx.controller.actions import (
    Action,
    ApplyClaimTemplate,
    CreateJob,
    Decision,
    Emit,
)
from meninx.controller.job import attempts, begin, end, needs, pod, telling
from meninx.controller.job.begin import Held
from meninx.controller.job.chain import Chain
from meninx.controller.job.observed import Observed
from meninx.controller.job.say import failed_attempts, sooner, tell
from meninx.controller.job.status import (
    ADMITTED,
    Verdict,
    lacks,
    sentence,
    without_turn,
)
from meninx.controller.queue.admission import UNDECIDED
from meninx.controller.settings import PodSettings
from meninx.kube import conditions
from meninx.resources.inferencejob import InferenceJob
from meninx.resources.reasons import Reason


def without_job(
    observed: Observed, job: InferenceJob, now: dt.datetime, settings: PodSettings
) -> Decision:
    """Say what a job without a Kubernetes Job waits for, or make that Job."""
    held = begin.obstacle(job, observed.status, observed.chain, now=now)
    if held is not None:
        return hold(observed, held, now)
    failed = failed_attempts(observed)
    if attempts.used(failed) > job.spec.retries:
        last = [attempt for attempt in failed if attempt.counts][-1]
        return end.fail(observed, Reason(last.reason), last.message, now=now)
    if not observed.admission.granted:
        return in_line(observed, now)
    return _start(observed, job, now, settings)


def hold(observed: Observed, held: Held, now: dt.datetime) -> Decision:
    """Say what holds the job back; where waiting is of no use, it ends."""
    message = sentence(held.reason, held.detail)
    if held.final:
        said = (lacks(ADMITTED, held.reason, message),)
        return tell(observed, Verdict("Failed", said), now)
    decision = tell(observed, Verdict("Pending", without_turn(observed, held.reason, message)), now)
    return sooner(decision, (held.until - now).total_seconds() if held.until else None)


def in_line(observed: Observed, now: dt.datetime) -> Decision:
    """Say where the job waits for its turn; told before, that stands for a while."""
    admission = observed.admission
    stands = telling.stands_in_line(observed.status)
    if stands and admission == UNDECIDED:
        return Decision()
    told = telling.place(admission, now)
    rest = telling.retell_seconds(observed.status, now) if stands else 0.0
    if rest > 0:
        return Decision(look_again_seconds=rest if _moved(observed, told) else None)
    message = sentence(admission.reason, admission.detail)
    said = without_turn(observed, admission.reason, message)
    if not _moved(observed, told):
        told = observed.status.get("queue")
    return tell(observed, Verdict("Queued", said, queue=told), now)


def _moved(observed: Observed, told: dict[str, Any] | None) -> bool:
    """Tell whether the job stands elsewhere than its status says."""
    before = observed.status.get("queue") or {}
    return any(before.get(key) != (told or {}).get(key) for key in ("position", "ahead"))


def _start(
    observed: Observed, job: InferenceJob, now: dt.datetime, settings: PodSettings
) -> Decision:
    """Make the Kubernetes Job, with as many retries as are left, after what it needs to start.

    The status follows as soon as it is seen, unless its pod runs by then.
    """
    assert isinstance(observed.chain, Chain)
    chain = observed.chain
    manifest = pod.kubernetes_job(job, chain, settings)
    metadata = manifest["metadata"]
    left = attempts.retries_left(job.spec.retries, failed_attempts(observed))
    limited = {**manifest, "spec": {**manifest["spec"], "backoffLimit": left}}
    carried = {key: metadata[key] for key in ("namespace", "labels", "ownerReferences")}
    templates = needs.claim_templates(chain.steps, metadata["name"], carried)
    limit = chain.timeout_seconds * (job.spec.retries + 1)
    make: tuple[Action, ...] = (
        begin.credential(job, now, now, limit_seconds=limit),
        *(ApplyClaimTemplate(template) for template in templates),
        *_anew(observed),
        CreateJob(limited),
    )
    return Decision(make, look_again_seconds=telling.SETTLE_SECONDS)


def _anew(observed: Observed) -> tuple[Emit, ...]:
    """Tell a person that a Kubernetes Job, which was there, has gone; not where we deleted it.

    That is done to a Job of Kueue's where a person holds the job back.
    """
    said = conditions.find(observed.status.get("conditions") or (), ADMITTED) or {}
    if observed.status.get("jobName") is None or said.get("reason") == Reason.SUSPENDED:
        return ()
    message = "The Kubernetes Job was gone before its end: it is made anew."
    return (Emit("Warning", Reason.STARTING, message),)
