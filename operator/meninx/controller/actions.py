"""The closed set of things that a decision may ask for."""

from dataclasses import dataclass
from typing import Any

from meninx.base.tokens import Claims
from meninx.kube.events import EventType


@dataclass(frozen=True)
class ApplyCredential:
    """Write the Secret with a fresh token for the job's `fetch` and `deliver`."""

    claims: Claims


@dataclass(frozen=True)
class ApplyClaimTemplate:
    """Write the template that a pod's claim on devices is made from."""

    manifest: dict[str, Any]


@dataclass(frozen=True)
class CreateJob:
    """Create the Kubernetes Job."""

    manifest: dict[str, Any]


@dataclass(frozen=True)
class SuspendJob:
    """Hold the Kubernetes Job back, or let it go on."""

    name: str
    uid: str
    suspend: bool


@dataclass(frozen=True)
class Emit:
    """Say on the resource what happened."""

    type: EventType
    reason: str
    message: str


@dataclass(frozen=True)
class WriteStatus:
    """Write those parts of the resource's status that are the operator's."""

    status: dict[str, Any]


@dataclass(frozen=True)
class SetInUse:
    """Hold the resource's deletion back while it is in use, or let it go."""

    in_use: bool


@dataclass(frozen=True)
class DeleteJob:
    """Delete the Kubernetes Job with its pods."""

    name: str
    uid: str


@dataclass(frozen=True)
class ApplyModel:
    """Make an AIModel: what a training has made. It is nobody's child and stays."""

    manifest: dict[str, Any]


@dataclass(frozen=True)
class WriteQuality:
    """Write what was measured of an AIModel into its status."""

    model: str
    quality: dict[str, Any]


@dataclass(frozen=True)
class PromoteVersion:
    """Make a version the current one of its model, if that is still as it was looked at."""

    model: str
    resource_version: str
    version: str


@dataclass(frozen=True)
class DeleteResource:
    """Delete the resource itself; what it owns goes with it."""


Action = (
    ApplyCredential
    | ApplyClaimTemplate
    | CreateJob
    | SuspendJob
    | Emit
    | WriteStatus
    | SetInUse
    | DeleteJob
    | ApplyModel
    | WriteQuality
    | PromoteVersion
    | DeleteResource
)


@dataclass(frozen=True)
class Decision:
    """Actions in the order in which they are done, and when to look again at the latest."""

    actions: tuple[Action, ...] = ()
    look_again_seconds: float | None = None


def touched(decision: Decision) -> tuple[str, ...]:
    """Return the names of the AIModels that a decision changes."""
    found = []
    for action in decision.actions:
        if isinstance(action, ApplyModel):
            found.append(str(action.manifest["metadata"]["name"]))
        elif isinstance(action, WriteQuality | PromoteVersion):
            found.append(action.model)
    return tuple(dict.fromkeys(found))
