"""A job whose Kubernetes Job is there and has not ended."""

import datetime as dt

from meninx.base.clock import to_rfc3339
from meninx.controller.actions import Action, Decision, DeleteJob, SuspendJob
from meninx.controller.job import attempts, end, unmade, upkeep
from meninx.controller.job.begin import Held
from meninx.controller.job.chain import Chain
from meninx.controller.job.failure import StartTrouble, start_trouble
from meninx.controller.job.observed import Observed
from meninx.controller.job.say import failed_attempts, sooner, tell
from meninx.controller.job.status import Verdict, no_pod, progress, sentence, without_turn
from meninx.controller.job.steps import read_steps
from meninx.controller.job.waiting import hold, in_line
from meninx.controller.queue import kueue
from meninx.controller.queue.admission import UNDECIDED, Admission
from meninx.resources.aimodel import AIModelSpec
from meninx.resources.inferencejob import Attempt, InferenceJob, Phase
from meninx.resources.reasons import Reason

_SLACK_SECONDS = 1.0


def in_flight(observed: Observed, job: InferenceJob, now: dt.datetime) -> Decision:
    """Say how far the job has come; hold it back or let it go on where its turn has changed."""
    if observed.is_going:
        return Decision()  # its deletion is an event too: then it is made anew
    if job.spec.suspend or _gives_way(observed.admission):
        return _held_back(observed, job, now)
    if observed.suspended:
        return _let_go(observed, job, now)
    return _at_work(observed, job, now)


def _gives_way(admission: Admission) -> bool:
    """Tell whether the queue takes the job's turn away: nothing else stops a running Job."""
    return not admission.granted and admission.reason is Reason.PREEMPTED


def _held_back(observed: Observed, job: InferenceJob, now: dt.datetime) -> Decision:
    by_person = job.spec.suspend
    reason = Reason.SUSPENDED if by_person else Reason.PREEMPTED
    if observed.suspended and not observed.is_kueues:
        return hold(observed, Held(reason), now) if by_person else in_line(observed, now)
    metadata = (observed.kubernetes_job or {})["metadata"]
    stop: Action = SuspendJob(metadata["name"], metadata["uid"], suspend=True)
    if observed.is_kueues:
        stop = DeleteJob(metadata["name"], metadata["uid"])
    message = sentence(reason, "" if by_person else observed.admission.detail)
    phase: Phase = "Pending" if by_person else "Queued"
    verdict = Verdict(phase, without_turn(observed, reason, message))
    failed = with_the_one_that_ends(observed, reason, message, now=now)
    return tell(observed, verdict, now, before=[stop], failed=failed)


def with_the_one_that_ends(
    observed: Observed, reason: Reason, message: str, *, now: dt.datetime
) -> tuple[Attempt, ...]:
    """Return the attempts, with the pod that is ended now, which uses up no retry."""
    listed = failed_attempts(observed)
    newest = observed.newest_pod or observed.ending_pod
    if newest is None or newest["metadata"]["name"] in {attempt.pod for attempt in listed}:
        return listed
    running = next((step.name for step in read_steps(newest) if not step.succeeded), None)
    ended = Attempt(
        number=max((attempt.number for attempt in listed), default=0) + 1,
        pod=newest["metadata"]["name"],
        reason=reason,
        message=message,
        step=running,
        node=(newest.get("spec") or {}).get("nodeName"),
        started_at=newest["metadata"].get("creationTimestamp"),
        finished_at=to_rfc3339(now),
        counts=False,
    )
    return (*listed, ended)[-attempts.MOST_KEPT :]


def _let_go(observed: Observed, job: InferenceJob, now: dt.datetime) -> Decision:
    """Let a Job that was held back go on, when its turn has come and its old pods have ended.

    A pod that ends after that would use up a retry.
    """
    if observed.is_kueues:
        return _left_to_kueue(observed, job, now)
    if observed.admission == UNDECIDED:
        return Decision()
    if not observed.admission.granted:
        return in_line(observed, now)
    if observed.has_pods:
        return Decision()
    metadata = (observed.kubernetes_job or {})["metadata"]
    go = SuspendJob(metadata["name"], metadata["uid"], suspend=False)
    return tell(observed, no_pod(), now, before=[upkeep.credential(observed, job, now), go])


def _left_to_kueue(observed: Observed, job: InferenceJob, now: dt.datetime) -> Decision:
    """Say why Kueue holds the Job back, and that what it took from a pod uses up no retry."""
    asked = job.spec.queue_name
    metadata = (observed.kubernetes_job or {})["metadata"]
    if asked and asked != observed.queue_name:
        return Decision((DeleteJob(metadata["name"], metadata["uid"]),))  # made anew for that queue
    said = observed.admission.reason
    reason = said if said in kueue.REASONS else Reason.WAITING_FOR_KUEUE
    message = sentence(reason, observed.admission.detail)
    verdict = Verdict("Queued", without_turn(observed, reason, message))
    given_up = sentence(Reason.EVICTED_BY_KUEUE, observed.admission.detail)
    failed = with_the_one_that_ends(observed, Reason.EVICTED_BY_KUEUE, given_up, now=now)
    # It may wait for days, and is let go without us: its credential must be valid at any time.
    return tell(observed, verdict, now, before=upkeep.due(observed, job, now), failed=failed)


def _at_work(observed: Observed, job: InferenceJob, now: dt.datetime) -> Decision:
    over = attempts.given_up(failed_attempts(observed))
    if over is not None:
        return end.fail(observed, over.reason, over.message, now=now)
    newest = observed.newest_pod
    trouble = start_trouble(newest) if newest else None
    rest = _rest(trouble, observed, now)
    if trouble is not None and (trouble.hopeless or (rest is not None and rest <= 0)):
        failure = trouble.failure
        return end.fail(observed, failure.reason, failure.message, now=now)
    reached = progress(newest) if newest else no_pod(*unmade.waits(observed, now))
    decision = tell(observed, reached, now, before=upkeep.due(observed, job, now))
    decision = sooner(decision, unmade.look_again_seconds(observed, now))
    return sooner(decision, None if rest is None else rest + _SLACK_SECONDS)


def _rest(trouble: StartTrouble | None, observed: Observed, now: dt.datetime) -> float | None:
    """Return the seconds until the start deadline; None where no start fails.

    A pull that is slow without an error is left alone: the pod's own time limit bounds it.
    """
    if trouble is None or not trouble.evident:
        return None
    limit = AIModelSpec.model_fields["start_deadline_seconds"].default
    if isinstance(observed.chain, Chain):
        limit = observed.chain.start_deadline_seconds
    return float(limit) - (now - trouble.since).total_seconds()
