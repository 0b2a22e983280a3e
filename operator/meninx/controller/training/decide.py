"""TrainingJob and what is observed of it to actions and status (pure)."""

import datetime as dt

from pydantic import ValidationError

from meninx.controller.actions import (
    Action,
    ApplyClaimTemplate,
    CreateJob,
    Decision,
    DeleteJob,
    SuspendJob,
)
from meninx.controller.job import attempts, begin, needs, telling, unmade
from meninx.controller.job.attempts import Over
from meninx.controller.job.begin import Held
from meninx.controller.job.failure import StartTrouble, explain_pod, start_trouble
from meninx.controller.job.running import with_the_one_that_ends
from meninx.controller.job.say import seconds_left, sooner
from meninx.controller.job.status import holds, lacks, sentence
from meninx.controller.job.steps import pod_condition, read_steps
from meninx.controller.queue.admission import UNDECIDED, Admission
from meninx.controller.settings import PodSettings
from meninx.controller.training import collecting, register
from meninx.controller.training.observed import Manifest, Observed, chain_of
from meninx.controller.training.pod import kubernetes_job
from meninx.controller.training.result import NoResult, result_of
from meninx.controller.training.say import (
    ADMITTED,
    TRAINED,
    Verdict,
    admitted,
    failed_attempts,
    tell,
    waits,
)
from meninx.kube.conditions import NewCondition
from meninx.resources.reasons import Reason
from meninx.resources.trainingjob import ENDED, TrainingJob, TrainingPhase, TrainingResult

LOG_SECONDS = 10.0
"""How often a training that runs is asked how far it has come."""


def decide(observed: Observed, now: dt.datetime, settings: PodSettings) -> Decision:
    """Say what is to be done about one TrainingJob now."""
    if observed.resource["metadata"].get("deletionTimestamp"):
        return Decision()  # all that it owns goes with it; model and weights stay
    if observed.status.get("phase") in ENDED:
        return Decision(_unfinished(observed))
    try:
        job = TrainingJob.model_validate({**observed.resource, "status": {}})
    except ValidationError as error:
        return refused(observed, begin.told(error), now)
    return _living(observed, job, now, settings)


def refused(observed: Observed, message: str, now: dt.datetime) -> Decision:
    """Say that the training, or the Kubernetes Job made of it, can't be read; it is tried again."""
    said = lacks(ADMITTED, Reason.BAD_SPEC, sentence(Reason.BAD_SPEC, message))
    return tell(observed, Verdict("Pending", (said,)), now)


def not_taken(observed: Observed, message: str, now: dt.datetime) -> Decision:
    """Say that the API server can't take the Kubernetes Job for want of a webhook's answer."""
    return tell(observed, Verdict("Queued", waits(Reason.WEBHOOK_AWAY, f"{message}.")), now)


def _living(
    observed: Observed, job: TrainingJob, now: dt.datetime, settings: PodSettings
) -> Decision:
    if job.spec.cancel:
        return _end(observed, "Cancelled", waits(Reason.CANCELLED), now)
    known = _known_result(observed)
    if known is not None:
        return register.register(observed, job, known, now)
    if observed.job_condition("Complete"):
        return _complete(observed, job, now)
    if observed.job_condition("Failed"):
        return _work_failed(observed, job, now)
    left = seconds_left(observed, job.spec.deadline_seconds, now)
    if left is not None and left <= 0:
        late = waits(Reason.DEADLINE_EXCEEDED, f"Limit: {job.spec.deadline_seconds} s.")
        return _end(observed, "Failed", late, now)
    if observed.kubernetes_job is None:
        decision = _without_job(observed, job, now, settings)
    else:
        decision = _in_flight(observed, job, now)
    return sooner(decision, left)


# how it ends


def _known_result(observed: Observed) -> TrainingResult | None:
    """Return what an earlier look has found and written down: the pod may be gone by now."""
    try:
        found = observed.status.get("result")
        return None if found is None else TrainingResult.model_validate(found)
    except ValidationError:
        return None


def _complete(observed: Observed, job: TrainingJob, now: dt.datetime) -> Decision:
    made = result_of(job, observed.pods)
    if isinstance(made, TrainingResult):
        return register.register(observed, job, made, now)
    if made.seen:
        return _fail(observed, Reason.BAD_RESULT, made.detail, now)
    return _once_more(observed, made, now)


def _once_more(observed: Observed, lost: NoResult, now: dt.datetime) -> Decision:
    """Start it again where its last word was not heard: it finds its work done and says it again."""
    if observed.is_going:
        return Decision()
    said = admitted(lacks(TRAINED, Reason.POD_DELETED, sentence(Reason.POD_DELETED, lost.detail)))
    decision = tell(observed, Verdict("Queued", said), now)
    return Decision((*decision.actions, _delete(observed)))


def _fail(observed: Observed, reason: Reason, detail: str, now: dt.datetime) -> Decision:
    said = admitted(lacks(TRAINED, reason, sentence(reason, detail)))
    return _end(observed, "Failed", said, now)


def _end(
    observed: Observed, phase: TrainingPhase, said: tuple[NewCondition, ...], now: dt.datetime
) -> Decision:
    """Say why; a Kubernetes Job that still runs is deleted after the status does."""
    decision = tell(observed, Verdict(phase, said), now)
    return Decision((*decision.actions, *_unfinished(observed)))


def _unfinished(observed: Observed) -> tuple[DeleteJob, ...]:
    if observed.kubernetes_job is None or observed.work_ended or observed.is_going:
        return ()
    return (_delete(observed),)


def _delete(observed: Observed) -> DeleteJob:
    metadata = (observed.kubernetes_job or {})["metadata"]
    return DeleteJob(metadata["name"], metadata["uid"])


def _work_failed(observed: Observed, job: TrainingJob, now: dt.datetime) -> Decision:
    """Say what follows from a Kubernetes Job that has failed: the end, or one made anew."""
    listed = failed_attempts(observed)
    found = attempts.outcome(
        observed.kubernetes_job or {}, observed.attempts, listed, retries=job.spec.retries, now=now
    )
    if isinstance(found, Over):
        said = admitted(lacks(TRAINED, found.reason, found.message))
        return _end(observed, "Failed", said, now)
    said = admitted(lacks(TRAINED, found.reason, found.message))
    decision = tell(observed, Verdict("Queued", said), now)
    rest = (found.at - now).total_seconds()
    if rest > 0:
        return sooner(decision, rest)
    return Decision((*decision.actions, _delete(observed)))


# before it runs


def _without_job(
    observed: Observed, job: TrainingJob, now: dt.datetime, settings: PodSettings
) -> Decision:
    held = Held(Reason.SUSPENDED) if job.spec.suspend else register.obstacle(observed, job)
    if held is not None:
        return tell(observed, Verdict("Pending", waits(held.reason, held.detail)), now)
    failed = failed_attempts(observed)
    if attempts.used(failed) > job.spec.retries:
        last = [attempt for attempt in failed if attempt.counts][-1]
        said = admitted(lacks(TRAINED, Reason(last.reason), last.message))
        return _end(observed, "Failed", said, now)
    if not observed.admission.granted:
        return _in_line(observed, now)
    return _start(observed, job, now, settings)


def _in_line(observed: Observed, now: dt.datetime) -> Decision:
    admission = observed.admission
    if admission == UNDECIDED and telling.stands_in_line(observed.status):
        return Decision()
    place = telling.place(admission, now)
    before = observed.status.get("queue") or {}
    if place and all(before.get(key) == place.get(key) for key in ("position", "ahead")):
        place = dict(before)
    verdict = Verdict("Queued", waits(admission.reason, admission.detail), queue=place)
    return tell(observed, verdict, now)


def _start(
    observed: Observed, job: TrainingJob, now: dt.datetime, settings: PodSettings
) -> Decision:
    left = attempts.retries_left(job.spec.retries, failed_attempts(observed))
    manifest = kubernetes_job(job, settings, retries=left)
    metadata = manifest["metadata"]
    carried = {key: metadata[key] for key in ("namespace", "labels", "ownerReferences")}
    templates = needs.claim_templates(chain_of(job).steps, metadata["name"], carried)
    make: tuple[Action, ...] = (
        *collecting.credential(observed, job, now),
        *(ApplyClaimTemplate(template) for template in templates),
        CreateJob(manifest),
    )
    return Decision(make, look_again_seconds=telling.SETTLE_SECONDS)


# while its Kubernetes Job is there


def _in_flight(observed: Observed, job: TrainingJob, now: dt.datetime) -> Decision:
    if observed.is_going:
        return Decision()  # its deletion is an event too: then it is made anew
    if job.spec.suspend or _gives_way(observed.admission):
        return _held_back(observed, job, now)
    if observed.suspended:
        return _let_go(observed, job, now)
    return _at_work(observed, job, now)


def _gives_way(admission: Admission) -> bool:
    return not admission.granted and admission.reason is Reason.PREEMPTED


def _held_back(observed: Observed, job: TrainingJob, now: dt.datetime) -> Decision:
    reason = Reason.SUSPENDED if job.spec.suspend else Reason.PREEMPTED
    if observed.suspended and not job.spec.suspend:
        return _in_line(observed, now)
    verdict = Verdict("Pending" if job.spec.suspend else "Queued", waits(reason))
    if observed.suspended:
        return tell(observed, verdict, now)
    metadata = (observed.kubernetes_job or {})["metadata"]
    stop = SuspendJob(metadata["name"], metadata["uid"], suspend=True)
    failed = with_the_one_that_ends(observed, reason, sentence(reason), now=now)
    return tell(observed, verdict, now, before=[stop], failed=failed)


def _let_go(observed: Observed, job: TrainingJob, now: dt.datetime) -> Decision:
    """Let it go on from its checkpoint, when its turn has come and its old pod has ended."""
    if observed.admission == UNDECIDED:
        return Decision()
    if not observed.admission.granted:
        return _in_line(observed, now)
    if observed.has_pods:
        return Decision()
    metadata = (observed.kubernetes_job or {})["metadata"]
    go = SuspendJob(metadata["name"], metadata["uid"], suspend=False)
    said = admitted(lacks(TRAINED, Reason.STARTING))
    before: list[Action] = [*collecting.credential(observed, job, now), go]
    return tell(observed, Verdict("Queued", said), now, before=before)


def _at_work(observed: Observed, job: TrainingJob, now: dt.datetime) -> Decision:
    over = attempts.given_up(failed_attempts(observed))
    if over is not None:
        return _end(observed, "Failed", admitted(lacks(TRAINED, over.reason, over.message)), now)
    newest = observed.newest_pod
    trouble = start_trouble(newest) if newest else None
    rest = _start_rest(trouble, job, now)
    if trouble is not None and (trouble.hopeless or (rest is not None and rest <= 0)):
        failure = trouble.failure
        said = admitted(lacks(TRAINED, failure.reason, failure.message))
        return _end(observed, "Failed", said, now)
    told = _progress(newest, trouble) if newest else _no_pod(observed, now)
    credential = collecting.credential_due(observed, job, now)
    decision = tell(observed, told, now, before=credential)
    decision = sooner(decision, unmade.look_again_seconds(observed, now))
    runs = newest is not None and read_steps(newest)[-1].state == "running"
    return sooner(decision, LOG_SECONDS if runs else rest)


def _start_rest(trouble: StartTrouble | None, job: TrainingJob, now: dt.datetime) -> float | None:
    """Return the seconds until the start deadline; None where no start fails."""
    if trouble is None or not trouble.evident:
        return None
    return float(job.spec.start_deadline_seconds) - (now - trouble.since).total_seconds()


def _no_pod(observed: Observed, now: dt.datetime) -> Verdict:
    reason, detail = unmade.waits(observed, now)
    return Verdict("Queued", admitted(lacks(TRAINED, reason, sentence(reason, detail))))


def _progress(pod: Manifest, trouble: StartTrouble | None) -> Verdict:
    failure = explain_pod(pod)
    if failure is not None:
        again = f"An attempt failed. {failure.detail} It goes on from its checkpoint."
        told = failure.message if failure.again == "never" else again
        return Verdict("Running", admitted(lacks(TRAINED, failure.reason, told)))
    *before, step = read_steps(pod)
    if any(one.state == "running" for one in before):
        return Verdict("Running", admitted(lacks(TRAINED, Reason.COLLECTING)))
    if step.state == "waiting":
        reason, detail = _not_started(pod, trouble)
        return Verdict("Queued", admitted(lacks(TRAINED, reason, sentence(reason, detail))))
    if step.state == "ended":
        return Verdict("Running", admitted(holds(TRAINED, Reason.TRAINED)))
    return Verdict("Running", admitted(lacks(TRAINED, Reason.TRAINING)))


def _not_started(pod: Manifest, trouble: StartTrouble | None) -> tuple[Reason, str]:
    scheduled = pod_condition(pod, "PodScheduled")
    if scheduled.get("reason") == "Unschedulable":
        return Reason.UNSCHEDULABLE, f"The scheduler says: {scheduled.get('message', '')}"
    return Reason.STARTING, trouble.failure.detail if trouble and trouble.evident else ""
