"""The table of failures: each cause with its reason, whether it is tried again, and who is to act."""

from dataclasses import dataclass
from typing import Literal

from meninx.controller.job.steps import (
    COLLECT,
    DELIVER,
    FETCH,
    TRAIN,
    WEIGHTS,
    comes_before,
)
from meninx.resources.reasons import Reason

INPUT_NOT_USABLE, NOT_FINITE, BAD_RESULT, TRY_AGAIN = 65, 66, 67, 75
WEIGHTS_MISMATCH, WEIGHTS_FAILED = 68, 69

Again = Literal["never", "while retries last", "once", "a few times", "until it works"]
Kind = Literal["fetch", "weights", "gate", "model", "deliver", "collect", "train"]
"""What a container does in its pod; every step of a model or pipeline is `model`."""

MOST_ATTEMPTS: dict[Again, int] = {"once": 2, "a few times": 5}
"""How many attempts may end so, where that is bounded apart from retries."""

SENDER = "whoever sends the study"
MAKERS = "the model's makers"
TRAINERS = "who trains"
IT = "hospital IT"
NOBODY = "nobody"


@dataclass(frozen=True)
class Cause:
    """One way in which an attempt fails."""

    shown: str
    """What Kubernetes shows."""
    reason: Reason
    again: Again
    who: str

    @property
    def counts(self) -> bool:
        """Tell whether it uses up a retry of the model's."""
        return self.again in {"never", "while retries last"}


def kind_of(container: str) -> Kind:
    """Return what a container does, by its name."""
    if container == FETCH:
        return "fetch"
    if container == DELIVER:
        return "deliver"
    if container == TRAIN:
        return "train"
    if container == COLLECT:
        return "collect"
    if not comes_before(container):
        return "model"
    return "weights" if container.startswith(WEIGHTS) else "gate"


def _exits(kind: Kind, code: int | None, reason: Reason, again: Again, who: str) -> Cause:
    name = {"weights": "weights-*", "gate": "gate-*", "model": "a step"}.get(kind, kind)
    name = name if kind == "model" else f"`{name}`"
    return Cause(f"{name} exits with {code or 'any other code'}", reason, again, who)


_R = Reason
_EXITS: tuple[tuple[Kind, int | None, Reason, Again, str], ...] = (
    ("fetch", INPUT_NOT_USABLE, _R.INPUT_NOT_USABLE, "never", SENDER),
    ("fetch", NOT_FINITE, _R.NOT_FINITE, "never", SENDER),
    ("fetch", TRY_AGAIN, _R.FETCH_FAILED, "until it works", IT),
    ("fetch", None, _R.FETCH_FAILED, "while retries last", IT),
    ("weights", INPUT_NOT_USABLE, _R.WEIGHTS_FAILED, "never", MAKERS),
    ("weights", NOT_FINITE, _R.WEIGHTS_FAILED, "never", MAKERS),
    ("weights", WEIGHTS_MISMATCH, _R.WEIGHTS_MISMATCH, "never", MAKERS),
    ("weights", WEIGHTS_FAILED, _R.WEIGHTS_FAILED, "never", IT),
    ("weights", TRY_AGAIN, _R.WEIGHTS_FAILED, "a few times", IT),
    ("weights", None, _R.WEIGHTS_FAILED, "while retries last", IT),
    ("gate", INPUT_NOT_USABLE, _R.BAD_RESULT, "never", MAKERS),
    ("gate", NOT_FINITE, _R.NOT_FINITE, "never", MAKERS),
    ("gate", BAD_RESULT, _R.BAD_RESULT, "never", MAKERS),
    ("gate", None, _R.MODEL_FAILED, "while retries last", MAKERS),
    ("model", INPUT_NOT_USABLE, _R.INPUT_NOT_FOR_MODEL, "never", IT),
    ("model", NOT_FINITE, _R.NOT_FINITE, "never", MAKERS),
    ("model", TRY_AGAIN, _R.MODEL_ASKED_AGAIN, "while retries last", MAKERS),
    ("model", None, _R.MODEL_FAILED, "while retries last", MAKERS),
    ("deliver", INPUT_NOT_USABLE, _R.INPUT_NOT_USABLE, "never", SENDER),
    ("deliver", NOT_FINITE, _R.NOT_FINITE, "never", MAKERS),
    ("deliver", BAD_RESULT, _R.BAD_RESULT, "never", MAKERS),
    ("deliver", TRY_AGAIN, _R.DELIVER_FAILED, "until it works", IT),
    ("deliver", None, _R.DELIVER_FAILED, "while retries last", IT),
    ("collect", INPUT_NOT_USABLE, _R.NO_PAIRS, "never", TRAINERS),
    ("collect", NOT_FINITE, _R.NOT_FINITE, "never", TRAINERS),
    ("collect", TRY_AGAIN, _R.FETCH_FAILED, "until it works", IT),
    ("collect", None, _R.FETCH_FAILED, "while retries last", IT),
    ("train", INPUT_NOT_USABLE, _R.DATA_NOT_USABLE, "never", TRAINERS),
    ("train", NOT_FINITE, _R.NOT_FINITE, "never", TRAINERS),
    ("train", None, _R.TRAINING_FAILED, "while retries last", TRAINERS),
)
BY_EXIT: dict[tuple[Kind, int | None], Cause] = {row[:2]: _exits(*row) for row in _EXITS}
"""By kind of container and exit code; None is any other code than those named and 0."""


def by_exit(container: str, code: int) -> Cause:
    """Return the cause of a container that exited with this code, which is not 0."""
    kind = kind_of(container)
    return BY_EXIT.get((kind, code)) or BY_EXIT[kind, None]


def _free(shown: str, reason: Reason, who: str = NOBODY) -> Cause:
    return Cause(shown, reason, "until it works", who)


BY_DISRUPTION: dict[str, Cause] = {
    reason: _free(f"condition DisruptionTarget, reason {reason}", meant)
    for reason, meant in (
        ("EvictionByEvictionAPI", _R.EVICTED),
        ("TerminationByKubelet", _R.EVICTED),
        ("PreemptionByScheduler", _R.PREEMPTED),
        ("DeletionByTaintManager", _R.NODE_LOST),
        ("DeletionByPodGC", _R.NODE_LOST),
    )
}
DISRUPTED = _free("condition DisruptionTarget, any other reason", _R.NODE_LOST)

BY_POD_REASON: dict[str, Cause] = {
    reason: _free(f"pod Failed, reason {reason}", meant, who)
    for reason, meant, who in (
        ("Evicted", _R.EVICTED, NOBODY),
        ("Preempting", _R.PREEMPTED, NOBODY),
        ("Terminated", _R.NODE_LOST, NOBODY),
        ("NodeShutdown", _R.NODE_LOST, NOBODY),
        ("Shutdown", _R.NODE_LOST, NOBODY),
        ("NodeLost", _R.NODE_LOST, NOBODY),
        ("UnexpectedAdmissionError", _R.GPU_NOT_ALLOCATED, IT),
        ("TopologyAffinityError", _R.GPU_NOT_ALLOCATED, IT),
    )
}
OUT_OF_DEVICE = _free(
    "pod Failed, reason OutOf and a device's name (`OutOfnvidia.com/gpu`)", _R.GPU_NOT_ALLOCATED, IT
)
REJECTED = _free("pod Failed, any other refusal of the kubelet's", _R.POD_REJECTED, IT)
DELETED = _free("the pod was deleted, and nothing says why", _R.POD_DELETED)

NOT_TAKEN = _free(
    "pod Failed, reason Evicted, without the condition DisruptionTarget, as the node had a condition",
    _R.EVICTED,
)
MEMORY = Cause("container ended, reason OOMKilled", _R.OUT_OF_MEMORY, "once", MAKERS)
MEMORY_IGNORED = Cause(
    "reason OOMKilled although the container exits with 0", _R.OUT_OF_MEMORY, "never", MAKERS
)
KILLED = Cause(
    "container exits with 137 (SIGKILL), and nothing above says why",
    _R.OUT_OF_MEMORY,
    "once",
    MAKERS,
)
"""The kernel's word that memory was short comes apart from the exit: a busy node's runtime misses it."""
STORAGE = Cause(
    "pod Failed, reason Evicted, without the condition DisruptionTarget, for any other cause",
    _R.OUT_OF_STORAGE,
    "while retries last",
    MAKERS,
)
TIME = Cause("pod Failed, reason DeadlineExceeded", _R.TIMED_OUT, "while retries last", MAKERS)

NO_IMAGE = Cause(
    "an image that can't be pulled until the start deadline", _R.IMAGE_PULL_FAILED, "never", MAKERS
)
NO_CONTAINER = Cause(
    "a container that can't be created until the start deadline", _R.MODEL_FAILED, "never", IT
)

LIMITED: dict[Reason, int] = {
    cause.reason: MOST_ATTEMPTS[cause.again] for cause in (MEMORY, BY_EXIT["weights", TRY_AGAIN])
}
"""Reasons of failures that use no retry, and how many attempts may end so."""

LATER: tuple[Cause, ...] = (
    Cause(
        "no result in the store after spec.deadlineSeconds", _R.DEADLINE_EXCEEDED, "never", IT
    ),
    Cause(
        "no pod, and an event of the Job, reason FailedCreate: a quota or a policy forbids it",
        _R.POD_FORBIDDEN,
        "until it works",
        IT,
    ),
    Cause("a destination is away", _R.DELIVERY_PENDING, "until it works", IT),
    Cause("a destination refuses the result for good", _R.DELIVERY_REFUSED, "never", IT),
    Cause("a destination takes no such objects", _R.NO_PRESENTATION_CONTEXT, "never", IT),
)  # fmt: skip
"""What ends or holds a job apart from its pods."""

CAUSES: tuple[Cause, ...] = (
    NOT_TAKEN,
    STORAGE,
    *BY_POD_REASON.values(),
    *BY_DISRUPTION.values(),
    DISRUPTED,
    OUT_OF_DEVICE,
    REJECTED,
    MEMORY,
    MEMORY_IGNORED,
    TIME,
    KILLED,
    *BY_EXIT.values(),
    DELETED,
    NO_IMAGE,
    NO_CONTAINER,
    *LATER,
)
"""All of them, in the order in which they are asked for: what comes first explains."""
