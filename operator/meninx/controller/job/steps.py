"""The steps of a pod as its status shows them."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from meninx.base.clock import from_rfc3339

FETCH, MODEL, DELIVER = "fetch", "model", "deliver"
STEPS = (FETCH, MODEL, DELIVER)
"""Container names, in the order in which they run."""

OOM_KILLED = "OOMKilled"

Manifest = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One container: whether it waits, runs or has ended, and with what."""

    name: str
    state: Literal["waiting", "running", "ended"] = "waiting"
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    started_at: str | None = None
    finished_at: str | None = None

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


def _read(name: str, status: Manifest) -> Step:
    state = status.get("state") or {}
    ended, running, waiting = (state.get(key) for key in ("terminated", "running", "waiting"))
    if ended is not None:
        return Step(
            name=name,
            state="ended",
            reason=str(ended.get("reason") or ""),
            message=str(ended.get("message") or ""),
            exit_code=int(ended.get("exitCode") or 0),
            started_at=ended.get("startedAt"),
            finished_at=ended.get("finishedAt"),
        )
    if running is not None:
        return Step(name=name, state="running", started_at=running.get("startedAt"))
    waiting = waiting or {}
    return Step(
        name=name,
        reason=str(waiting.get("reason") or ""),
        message=str(waiting.get("message") or ""),
    )


def read_steps(pod: Manifest) -> tuple[Step, ...]:
    """Return all steps in order; a step that the status does not show yet waits."""
    status = pod.get("status") or {}
    containers = [
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ]
    by_name = {container.get("name"): container for container in containers}
    return tuple(_read(name, by_name.get(name) or {}) for name in STEPS)


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
