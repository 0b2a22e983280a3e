"""The steps of a pod as its status shows them."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from meninx.base.clock import from_rfc3339

FETCH, MODEL, DELIVER = "fetch", "model", "deliver"
TRAIN = "train"
"""Name of the container of a TrainingJob that trains."""
COLLECT = "collect"
"""Name of the one before it, of a training that learns from the store."""
STEPS = (FETCH, MODEL, DELIVER)
"""Container names of a job of one model, in the order in which they run."""
GATE, WEIGHTS = "gate", "weights"
"""Names of our containers that come before a step, for it: alone, or with the step's name behind."""

OOM_KILLED = "OOMKilled"

Manifest = Mapping[str, Any]


def is_ours(container: str) -> bool:
    """Tell whether a container is one of Meninx's own, by its name."""
    return container in {FETCH, DELIVER, COLLECT} or comes_before(container)


def comes_before(container: str) -> bool:
    """Tell whether a container is one of ours that comes before a step, for it."""
    return container in {GATE, WEIGHTS} or container.startswith((f"{GATE}-", f"{WEIGHTS}-"))


@dataclass(frozen=True)
class Step:
    """One step: whether it waits, runs or has ended, and with what."""

    name: str
    container: str = ""
    """The container that this is about: the step's own, or one of ours that comes before it."""
    state: Literal["waiting", "running", "ended"] = "waiting"
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    started_at: str | None = None
    finished_at: str | None = None
    skipped: bool = False
    """True where its `when` did not hold: its input was passed through."""

    @property
    def ours(self) -> bool:
        """Tell whether the container is one of Meninx's own, which says its reason in JSON."""
        return is_ours(self.container or self.name)

    @property
    def out_of_memory(self) -> bool:
        """Tell whether one of its processes was killed for memory.

        The kubelet counts that as a failure even where the container then exits with 0, and goes
        no further with the pod.
        """
        return self.reason == OOM_KILLED

    @property
    def succeeded(self) -> bool:
        """Tell whether it ended well."""
        return self.exit_code == 0 and not self.out_of_memory

    @property
    def failed(self) -> bool:
        """Tell whether it ended badly."""
        return self.exit_code is not None and not self.succeeded

    def said(self) -> dict[str, Any]:
        """Return what the step wrote to its termination log, if that is a JSON object."""
        try:
            document = json.loads(self.message)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}


def _read(name: str, container: str, status: Manifest) -> Step:
    state = status.get("state") or {}
    ended, running, waiting = (state.get(key) for key in ("terminated", "running", "waiting"))
    if ended is not None:
        return Step(
            name=name,
            container=container,
            state="ended",
            reason=str(ended.get("reason") or ""),
            message=str(ended.get("message") or ""),
            exit_code=int(ended.get("exitCode") or 0),
            started_at=ended.get("startedAt"),
            finished_at=ended.get("finishedAt"),
        )
    if running is not None:
        started = running.get("startedAt")
        return Step(name=name, container=container, state="running", started_at=started)
    waiting = waiting or {}
    return Step(
        name=name,
        container=container,
        reason=str(waiting.get("reason") or ""),
        message=str(waiting.get("message") or ""),
    )


def _containers(pod: Manifest) -> list[str]:
    spec = pod.get("spec") or {}
    every = (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
    return [str(container.get("name")) for container in every]


def groups(containers: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Return each step with its containers in order: those of ours that come before it, and its own.

    A container whose name begins as those of ours do belongs to the step after it.
    """
    found: list[tuple[str, tuple[str, ...]]] = []
    before: tuple[str, ...] = ()
    for name in containers:
        before = (*before, name)
        if not comes_before(name):
            found.append((name, before))
            before = ()
    return found


def _together(parts: Sequence[Step]) -> Step:
    """Return a step as its containers make it: the first one that has not ended well speaks."""
    own = parts[-1]
    held = next((part for part in parts[:-1] if not part.succeeded), None)
    if held is not None:
        return held
    skipped = any(part.said().get("skipped") is True for part in parts[:-1])
    return replace(own, skipped=skipped and own.state == "ended")


def read_steps(pod: Manifest) -> tuple[Step, ...]:
    """Return fetch, all steps in order, and deliver; what the status does not show yet waits."""
    status = pod.get("status") or {}
    containers = [
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ]
    by_name = {container.get("name"): container for container in containers}
    return tuple(
        _together([_read(step, name, by_name.get(name) or {}) for name in names])
        for step, names in groups(_containers(pod) or STEPS)
    )


def by_age(pods: Sequence[Manifest]) -> list[Manifest]:
    """Return the pods, oldest first."""
    return sorted(
        pods,
        key=lambda pod: (
            str(pod["metadata"].get("creationTimestamp") or ""),
            str(pod["metadata"].get("name")),
        ),
    )


def pod_condition(pod: Manifest, type_: str) -> Manifest:
    """Return a condition of the pod, empty where it is not there."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return next((item for item in conditions if item.get("type") == type_), {})


def moment(text: str | None) -> dt.datetime | None:
    """Read a time of the API; None where there is none that can be read."""
    try:
        return from_rfc3339(text) if text else None
    except ValueError:
        return None
