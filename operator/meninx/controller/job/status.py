"""From observed facts to phase and conditions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meninx.controller.job.failure import Failure, StartTrouble, explain_pod, start_trouble
from meninx.controller.job.observed import Observed
from meninx.controller.job.steps import DELIVER, FETCH, Step, pod_condition, read_steps
from meninx.kube import conditions
from meninx.kube.conditions import NewCondition
from meninx.resources.inferencejob import Phase
from meninx.resources.reasons import MEANINGS, Reason

Manifest = Mapping[str, Any]

ADMITTED, INPUT_READY, INFERRED = "Admitted", "InputReady", "Inferred"
OWNED_CONDITIONS = (ADMITTED, INPUT_READY, INFERRED)


def sentence(reason: Reason, detail: str = "") -> str:
    """Return the reason's sentence, the detail, and the remedy where there is one."""
    meaning = MEANINGS[reason]
    remedy = "" if meaning.remedy == "Nothing to do." else meaning.remedy
    return " ".join(part for part in (meaning.sentence, detail, remedy) if part)


def holds(type_: str, reason: Reason) -> NewCondition:
    """Return a condition that is True."""
    return NewCondition(type_, "True", reason, sentence(reason))


def lacks(type_: str, reason: Reason, message: str = "") -> NewCondition:
    """Return a condition that is False."""
    return NewCondition(type_, "False", reason, message or sentence(reason))


@dataclass(frozen=True)
class Verdict:
    """What is to be said of a job now."""

    phase: Phase
    conditions: tuple[NewCondition, ...] = ()
    queue: Mapping[str, Any] | None = None
    """Where it waits; None where it does not stand in line."""

    @property
    def waits(self) -> bool:
        """Tell whether the job has no turn now."""
        return any(said.type == ADMITTED and said.status == "False" for said in self.conditions)


def _not_started(pod: Manifest, trouble: StartTrouble | None) -> tuple[Reason, str]:
    scheduled = pod_condition(pod, "PodScheduled")
    if scheduled.get("reason") == "Unschedulable":
        detail = f"The scheduler says: {scheduled.get('message', '')}"
        return Reason.UNSCHEDULABLE, sentence(Reason.UNSCHEDULABLE, detail)
    detail = f"{trouble.failure.detail} It is tried again." if trouble and trouble.evident else ""
    return Reason.STARTING, sentence(Reason.STARTING, detail)


def _work(steps: Sequence[Step], waits: tuple[Reason, str]) -> tuple[NewCondition, NewCondition]:
    fetch = steps[0]
    work = [step for step in steps if step.name not in {FETCH, DELIVER}]
    if fetch.state == "waiting":
        return lacks(INPUT_READY, *waits), lacks(INFERRED, *waits)
    if not fetch.succeeded:
        return lacks(INPUT_READY, Reason.FETCHING), lacks(INFERRED, Reason.FETCHING)
    ready = holds(INPUT_READY, Reason.FETCHED)
    now = next((step for step in work if not step.succeeded), None)
    if now is None:
        return ready, holds(INFERRED, Reason.INFERRED)
    if now.state == "waiting":
        return ready, lacks(INFERRED, *waits)
    detail = f"Step: {now.name}." if len(work) > 1 else ""
    return ready, lacks(INFERRED, Reason.INFERRING, sentence(Reason.INFERRING, detail))


def admitted(*others: NewCondition) -> tuple[NewCondition, ...]:
    """Return the conditions of a job whose turn has come."""
    return (holds(ADMITTED, Reason.ADMITTED), *others)


def no_pod(reason: Reason = Reason.STARTING, detail: str = "") -> Verdict:
    """Say that the Kubernetes Job has no pod yet, and why."""
    waits = reason, sentence(reason, detail)
    return Verdict("Queued", admitted(lacks(INPUT_READY, *waits), lacks(INFERRED, *waits)))


def progress(pod: Manifest) -> Verdict:
    """Say how far the newest pod has come; a failed one waits for its replacement."""
    steps = read_steps(pod)
    failure = explain_pod(pod)
    if failure is not None:
        return Verdict("Running", admitted(*_attempt_failed(steps, failure)))
    phase: Phase = "Queued" if steps[0].state == "waiting" else "Running"
    return Verdict(phase, admitted(*_work(steps, _not_started(pod, start_trouble(pod)))))


def _attempt_failed(steps: Sequence[Step], failure: Failure) -> tuple[NewCondition, NewCondition]:
    again = f"An attempt failed. {failure.detail} It is tried again {failure.again}."
    told = failure.message if failure.again == "never" else again
    ready = (
        holds(INPUT_READY, Reason.FETCHED)
        if steps[0].succeeded
        else lacks(INPUT_READY, failure.reason, told)
    )
    return ready, lacks(INFERRED, failure.reason, told)


def failed_conditions(observed: Observed, reason: Reason, message: str) -> tuple[NewCondition, ...]:
    """Return the conditions of a job that failed for good, with the stage that it reached."""
    pod = observed.newest_pod
    fetched = read_steps(pod)[0].succeeded if pod else observed.condition(INPUT_READY)
    ready = holds(INPUT_READY, Reason.FETCHED) if fetched else lacks(INPUT_READY, reason, message)
    return admitted(ready, lacks(INFERRED, reason, message))


def without_turn(observed: Observed, reason: Reason, message: str) -> tuple[NewCondition, ...]:
    """Return the conditions of a job that may not run now; what was begun begins anew."""
    begun = observed.kubernetes_job is not None
    said = observed.status.get("conditions") or ()
    types = [t for t in OWNED_CONDITIONS if t == ADMITTED or begun or conditions.find(said, t)]
    return tuple(lacks(type_, reason, message) for type_ in types)


def stopped(observed: Observed, reason: Reason, message: str) -> tuple[NewCondition, ...]:
    """Return the conditions of a job that was ended from outside; what it had reached stays said."""
    newest = observed.newest_pod
    now = {said.type: said for said in progress(newest).conditions} if newest else {}
    said = []
    for condition in without_turn(observed, reason, message):
        reached = now.get(condition.type)
        if condition.type != ADMITTED and reached is not None and reached.status == "True":
            said.append(reached)
        elif condition.type == ADMITTED or not observed.condition(condition.type):
            said.append(condition)
    return tuple(said)
