"""From what a pod or Job shows to a reason that a person can act on (tables)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from meninx.controller.job.steps import (
    DELIVER,
    FETCH,
    MODEL,
    Step,
    by_age,
    moment,
    pod_condition,
    read_steps,
)
from meninx.kube.conditions import find
from meninx.resources.reasons import MEANINGS, Reason

INPUT_NOT_USABLE, NOT_FINITE, BAD_RESULT, TRY_AGAIN = 65, 66, 67, 75

FINAL_EXIT_CODES: dict[str, tuple[int, ...]] = {
    FETCH: (INPUT_NOT_USABLE, NOT_FINITE),
    MODEL: (INPUT_NOT_USABLE, NOT_FINITE),
    DELIVER: (INPUT_NOT_USABLE, NOT_FINITE, BAD_RESULT),
}
"""Exit codes that another attempt can't change: the Job's failure policy ends it on these."""

FREE_EXIT_CODES: dict[str, tuple[int, ...]] = {FETCH: (TRY_AGAIN,), DELIVER: (TRY_AGAIN,)}
"""Exit codes that use up no retry: the store was away, which is no fault of the model's.

`fetch` itself waits for the store, so this can't spin; and no model runs before it is back.
"""

Again = Literal["never", "while retries last", "until it works"]

BY_EXIT_CODE: dict[tuple[str, int], Reason] = {
    (FETCH, INPUT_NOT_USABLE): Reason.INPUT_NOT_USABLE,
    (FETCH, NOT_FINITE): Reason.NOT_FINITE,
    (MODEL, INPUT_NOT_USABLE): Reason.INPUT_NOT_FOR_MODEL,
    (MODEL, NOT_FINITE): Reason.NOT_FINITE,
    (DELIVER, INPUT_NOT_USABLE): Reason.INPUT_NOT_USABLE,
    (DELIVER, NOT_FINITE): Reason.NOT_FINITE,
    (DELIVER, BAD_RESULT): Reason.BAD_RESULT,
}
BY_STEP: dict[str, Reason] = {
    FETCH: Reason.FETCH_FAILED,
    MODEL: Reason.MODEL_FAILED,
    DELIVER: Reason.DELIVER_FAILED,
}
NODE_REASONS = frozenset(
    {"Evicted", "NodeAffinity", "NodeLost", "NodeShutdown", "Preempting", "Shutdown", "Terminated"}
)
"""Reasons of a pod that was ended by its node, not by its work."""

STARTING_REASONS = frozenset({"", "ContainerCreating", "PodInitializing"})
BAD_CONTAINER_REASONS = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
)
_LONGEST_QUOTE = 300


@dataclass(frozen=True)
class Failure:
    """Why an attempt failed."""

    reason: Reason
    detail: str
    step: str | None = None
    again: Again = "while retries last"
    """What the Job's failure policy makes of it."""

    @property
    def message(self) -> str:
        """Return sentence, detail and remedy."""
        meaning = MEANINGS[self.reason]
        return " ".join(part for part in (meaning.sentence, self.detail, meaning.remedy) if part)


def _quote(text: str) -> str:
    return " ".join(text.split())[-_LONGEST_QUOTE:]


def _by_node(pod: Mapping[str, Any]) -> Failure | None:
    status = pod.get("status") or {}
    disrupted = pod_condition(pod, "DisruptionTarget").get("status") == "True"
    if not disrupted and status.get("reason") not in NODE_REASONS:
        return None
    node = (pod.get("spec") or {}).get("nodeName") or "unknown"
    return Failure(Reason.NODE_LOST, f"Node: {node}.", again="until it works")


def _by_time(pod: Mapping[str, Any]) -> Failure | None:
    if (pod.get("status") or {}).get("reason") != "DeadlineExceeded":
        return None
    limit = (pod.get("spec") or {}).get("activeDeadlineSeconds")
    running = next((step.name for step in read_steps(pod) if not step.succeeded), None)
    return Failure(Reason.TIMED_OUT, f"Limit: {limit} s, in step {running}.", running)


def explain_step(step: Step) -> Failure:
    """Explain one step that ended badly."""
    again: Again = "while retries last"
    if step.exit_code in FINAL_EXIT_CODES[step.name]:
        again = "never"
    elif step.exit_code in FREE_EXIT_CODES.get(step.name, ()):
        again = "until it works"
    return replace(_explain_step(step), again=again)


def _explain_step(step: Step) -> Failure:
    code = step.exit_code or 0
    if step.out_of_memory:
        return Failure(Reason.OUT_OF_MEMORY, f"Container: {step.name}.", step.name)
    if step.name == MODEL:
        reason = BY_EXIT_CODE.get((MODEL, code), Reason.MODEL_FAILED)
        said = f" It said: '{_quote(step.message)}'." if step.message.strip() else ""
        return Failure(reason, f"Exit code {code}.{said}", MODEL)
    said_reason = str(step.said().get("reason", ""))
    known = Reason(said_reason) if said_reason in set(Reason) else None
    reason = known or BY_EXIT_CODE.get((step.name, code), BY_STEP[step.name])
    message = _quote(str(step.said().get("message", "")))
    return Failure(reason, message or f"Step {step.name}, exit code {code}.", step.name)


def _by_step(pod: Mapping[str, Any]) -> Failure | None:
    failed = next((step for step in read_steps(pod) if step.failed), None)
    return explain_step(failed) if failed else None


def _by_memory(pod: Mapping[str, Any]) -> Failure | None:
    short = next((step for step in read_steps(pod) if step.out_of_memory), None)
    return explain_step(short) if short else None


PRECEDENCE = (_by_node, _by_memory, _by_time, _by_step)
"""What is asked first explains: a lost node or a deadline also leaves exit codes behind."""


def explain_pod(pod: Mapping[str, Any]) -> Failure | None:
    """Say why a pod failed; None where it shows no failure."""
    found = (check(pod) for check in PRECEDENCE)
    return next((failure for failure in found if failure), None)


def explain_job(job: Mapping[str, Any], pods: Sequence[Mapping[str, Any]]) -> Failure:
    """Say why a Kubernetes Job failed: by its newest pod that failed by itself, else by itself."""
    explained = [failure for pod in reversed(by_age(pods)) if (failure := explain_pod(pod))]
    own = [failure for failure in explained if failure.reason is not Reason.NODE_LOST]
    if own or explained:
        return (own or explained)[0]
    failed = find((job.get("status") or {}).get("conditions") or (), "Failed") or {}
    if failed.get("reason") == "DeadlineExceeded":
        return Failure(Reason.TIMED_OUT, "The Kubernetes Job reached its deadline.")
    return Failure(Reason.MODEL_FAILED, f"The Kubernetes Job says: '{failed.get('message', '')}'.")


@dataclass(frozen=True)
class StartTrouble:
    """A step that should have started: what holds it, and since when."""

    failure: Failure
    since: dt.datetime
    evident: bool
    """True where the kubelet reports an error, False where it may just be slow."""
    hopeless: bool = False
    """True where waiting for the deadline is of no use."""


def _image(pod: Mapping[str, Any], step: Step) -> str:
    spec = pod.get("spec") or {}
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    names = (item.get("image") for item in containers if item.get("name") == step.name)
    return str(next(names, "unknown"))


def _held_by(pod: Mapping[str, Any], step: Step) -> Failure:
    detail = f"Step {step.name}, image {_image(pod, step)}: {step.reason or 'not started'}."
    if step.reason in BAD_CONTAINER_REASONS:
        return Failure(BY_STEP[step.name], f"{detail} {_quote(step.message)}", step.name)
    return Failure(Reason.IMAGE_PULL_FAILED, detail, step.name)


def start_trouble(pod: Mapping[str, Any]) -> StartTrouble | None:
    """Say what keeps the next step of a scheduled pod from starting; None where nothing does."""
    scheduled = pod_condition(pod, "PodScheduled")
    if scheduled.get("status") != "True":
        return None
    since = moment(scheduled.get("lastTransitionTime")) or moment(
        pod["metadata"].get("creationTimestamp")
    )
    for step in read_steps(pod):
        if step.succeeded:
            since = moment(step.finished_at) or since
            continue
        if step.out_of_memory and step.exit_code == 0 and since is not None:
            return StartTrouble(explain_step(step), since, evident=True, hopeless=True)
        if step.state != "waiting" or since is None:
            return None
        return StartTrouble(_held_by(pod, step), since, step.reason not in STARTING_REASONS)
    return None
