"""From what a pod or Job shows to a reason that a person can act on (pure; the table is `causes`)."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meninx.controller.job import causes
from meninx.controller.job.causes import Again, Cause
from meninx.controller.job.steps import (
    MODEL,
    TRAIN,
    Step,
    by_age,
    moment,
    pod_condition,
    read_steps,
)
from meninx.kube.conditions import find
from meninx.resources.reasons import MEANINGS, Reason

Manifest = Mapping[str, Any]

STARTING_REASONS = frozenset({"", "ContainerCreating", "PodInitializing"})
BAD_CONTAINER_REASONS = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
)
HOPELESS_REASONS = frozenset({"InvalidImageName", "ErrImageNeverPull"})
"""What no later attempt of the kubelet can change."""
SIGKILL, SIGTERM = 137, 143
KILLED = frozenset({SIGKILL, SIGTERM})
"""Exit codes of a container that was told to end, or made to."""
_LONGEST_QUOTE = 300
_KUBELET_SECONDS = 2
"""What the kubelet takes to tell of a container's end."""
_NODE_UNDER_PRESSURE = "The node had condition"
"""What the kubelet says where it takes no pod, or after a restart none of its own back, under pressure."""
_POLICY_MESSAGE = re.compile(r"Container (\S+) for pod \S+ failed with exit code (\d+)")


@dataclass(frozen=True)
class Failure:
    """Why an attempt failed."""

    reason: Reason
    detail: str
    step: str | None = None
    again: Again = "while retries last"
    """Whether it is tried again, by the Job's failure policy or by the operator."""

    @property
    def counts(self) -> bool:
        """Tell whether it uses up a retry of the model's."""
        return self.again in {"never", "while retries last"}

    @property
    def message(self) -> str:
        """Return sentence, detail and remedy."""
        meaning = MEANINGS[self.reason]
        return " ".join(part for part in (meaning.sentence, self.detail, meaning.remedy) if part)


def _failure(cause: Cause, detail: str, step: str | None = None) -> Failure:
    return Failure(cause.reason, detail, step, cause.again)


def _quote(text: str) -> str:
    return " ".join(text.split())[-_LONGEST_QUOTE:]


def _status(pod: Manifest) -> Manifest:
    status: Manifest = pod.get("status") or {}
    return status


def _node_cause(pod: Manifest) -> Cause | None:
    """Return what the node or the cluster did to the pod, by the most telling word first."""
    reason = str(_status(pod).get("reason") or "")
    disrupted = pod_condition(pod, "DisruptionTarget")
    is_disrupted = disrupted.get("status") == "True"
    if reason == "Evicted" and not is_disrupted:
        by_node = _NODE_UNDER_PRESSURE in str(_status(pod).get("message") or "")
        return causes.NOT_TAKEN if by_node else causes.STORAGE
    known = causes.BY_POD_REASON.get(reason)
    if known:
        return known
    if is_disrupted:
        why = str(disrupted.get("reason") or "")
        return causes.BY_DISRUPTION.get(why, causes.DISRUPTED)
    if reason.startswith("OutOf") and "/" in reason:
        return causes.OUT_OF_DEVICE
    refused = reason not in {"", "DeadlineExceeded"} and _status(pod).get("phase") == "Failed"
    return causes.REJECTED if refused and not _began(pod) else None


def _began(pod: Manifest) -> bool:
    return any(step.state != "waiting" for step in read_steps(pod))


def _by_node(pod: Manifest) -> Failure | None:
    cause = _node_cause(pod)
    if cause is None:
        return None
    node = (pod.get("spec") or {}).get("nodeName") or "unknown"
    said = _status(pod).get("message") or pod_condition(pod, "DisruptionTarget").get("message")
    quoted = f" Kubernetes says: '{_quote(str(said))}'." if said else ""
    return _failure(cause, f"Node: {node}.{quoted}")


def _by_memory(pod: Manifest) -> Failure | None:
    short = next((step for step in read_steps(pod) if step.out_of_memory), None)
    return explain_step(short) if short else None


def _by_time(pod: Manifest) -> Failure | None:
    if _status(pod).get("reason") != "DeadlineExceeded":
        return None
    limit = (pod.get("spec") or {}).get("activeDeadlineSeconds")
    late = next((step for step in read_steps(pod) if not step.succeeded), None)
    if late is None:
        return _failure(causes.TIME, f"Limit: {limit} s.")
    began = "in" if late.state != "waiting" else "before the start of"
    return _failure(causes.TIME, f"Limit: {limit} s, {began} step {late.name}.", late.name)


def _by_step(pod: Manifest) -> Failure | None:
    failed = next((step for step in read_steps(pod) if step.failed), None)
    if failed is None or _killed_with_its_pod(failed, pod):
        return None
    return explain_step(failed)


def _deleted_at(pod: Manifest) -> dt.datetime | None:
    """Return when somebody asked for the pod's deletion at the earliest; None where nobody did.

    The kubelet's own last request, once all containers have ended, shortens the grace period to 0.
    """
    metadata = pod["metadata"]
    gone_by = moment(metadata.get("deletionTimestamp"))
    if gone_by is None:
        return None
    usual = (pod.get("spec") or {}).get("terminationGracePeriodSeconds")
    grace = max(int(metadata.get("deletionGracePeriodSeconds") or 0), int(usual or 0))
    return gone_by - dt.timedelta(seconds=grace + _KUBELET_SECONDS)


def _killed_with_its_pod(step: Step, pod: Manifest) -> bool:
    asked, ended = _deleted_at(pod), moment(step.finished_at)
    if asked is None or step.exit_code not in KILLED:
        return False
    return ended is None or ended >= asked


def _by_deletion(pod: Manifest) -> Failure | None:
    done = (
        all(step.succeeded for step in read_steps(pod)) or _status(pod).get("phase") == "Succeeded"
    )
    if _deleted_at(pod) is None or done:
        return None
    return _failure(causes.DELETED, f"Pod: {pod['metadata'].get('name')}.")


PRECEDENCE = (_by_node, _by_memory, _by_time, _by_step, _by_deletion)
"""What is asked first explains: a lost node or a deadline also leaves exit codes behind."""


def explain_pod(pod: Manifest) -> Failure | None:
    """Say why a pod failed; None where it shows no failure."""
    found = (check(pod) for check in PRECEDENCE)
    return next((failure for failure in found if failure), None)


def explain_step(step: Step) -> Failure:
    """Explain one step that ended badly."""
    container = step.container or step.name
    if step.out_of_memory:
        cause = causes.MEMORY_IGNORED if step.exit_code == 0 else causes.MEMORY
        return _failure(cause, f"Container: {container}.", step.name)
    code = step.exit_code or 0
    if code == SIGKILL:
        killed = "killed (exit code 137), as the kernel does where memory is short"
        return _failure(causes.KILLED, f"Container: {container}, {killed}.", step.name)
    cause = causes.by_exit(container, code)
    if step.ours:
        return _in_our_words(step, cause)
    where = "E" if step.name == MODEL else f"Step {step.name}, e"
    words = _own_words(step)
    said = f" It said: '{_quote(words)}'." if words.strip() else ""
    return _failure(cause, f"{where}xit code {code}.{said}", step.name)


def _own_words(step: Step) -> str:
    """Return what a container of others says: the message of a failure in JSON, else as it stands.

    Of a training only the former: it alone sees names of files, and says the rest without thinking.
    """
    failure = step.said().get("failure")
    message = failure.get("message") if isinstance(failure, dict) else None
    if message:
        return str(message)
    return "" if step.name == TRAIN else step.message


def _in_our_words(step: Step, cause: Cause) -> Failure:
    """Explain a container of ours: only what it says in JSON is passed on, never a log's free text."""
    said_reason = str(step.said().get("reason", ""))
    reason = Reason(said_reason) if said_reason in set(Reason) else cause.reason
    message = _quote(str(step.said().get("message", "")))
    detail = message or f"Step {step.name}, exit code {step.exit_code}."
    return Failure(reason, detail, step.name, cause.again)


def explain_job(job: Manifest, pods: Sequence[Manifest]) -> Failure:
    """Say why a Kubernetes Job failed: by its newest pod that failed by itself, else by itself."""
    explained = [failure for pod in reversed(by_age(pods)) if (failure := explain_pod(pod))]
    own = [failure for failure in explained if failure.counts]
    return (own or explained or [_by_its_own_word(job)])[0]


def _by_its_own_word(job: Manifest) -> Failure:
    """Explain a failed Kubernetes Job whose pods are gone."""
    failed = find((job.get("status") or {}).get("conditions") or (), "Failed") or {}
    message = str(failed.get("message", ""))
    if failed.get("reason") == "DeadlineExceeded":
        return _failure(causes.TIME, "The Kubernetes Job reached its deadline.")
    told = _POLICY_MESSAGE.search(message)
    if told:
        container, code = told.group(1), int(told.group(2))
        return explain_step(Step(container, container, state="ended", exit_code=code))
    return Failure(Reason.MODEL_FAILED, f"The Kubernetes Job says: '{_quote(message)}'.")


@dataclass(frozen=True)
class StartTrouble:
    """A step that should have started: what holds it, and since when."""

    failure: Failure
    since: dt.datetime
    evident: bool
    """True where the kubelet reports an error; False where it works on it, however slowly."""
    hopeless: bool = False
    """True where waiting for the deadline is of no use."""


def _image(pod: Manifest, step: Step) -> str:
    spec = pod.get("spec") or {}
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    wanted = step.container or step.name
    names = (item.get("image") for item in containers if item.get("name") == wanted)
    return str(next(names, "unknown"))


def _held_by(pod: Manifest, step: Step) -> Failure:
    detail = f"Step {step.name}, image {_image(pod, step)}: {step.reason or 'not started'}."
    if step.reason in BAD_CONTAINER_REASONS:
        reason = causes.by_exit(step.container or step.name, 1).reason
        return Failure(reason, f"{detail} {_quote(step.message)}", step.name)
    return _failure(causes.NO_IMAGE, detail, step.name)


def start_trouble(pod: Manifest) -> StartTrouble | None:
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
        evident, hopeless = step.reason not in STARTING_REASONS, step.reason in HOPELESS_REASONS
        return StartTrouble(_held_by(pod, step), since, evident=evident, hopeless=hopeless)
    return None
