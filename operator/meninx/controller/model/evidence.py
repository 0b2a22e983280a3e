"""What the jobs of a model show of its image and weights: learned from their pods and ends (pure)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meninx.controller.job.steps import by_age, moment
from meninx.controller.model.ledger import Trouble
from meninx.kube import conditions
from meninx.resources.aimodel import AIModelSpec
from meninx.resources.reasons import Reason

Manifest = Mapping[str, Any]

HOLD_SECONDS = 300.0
"""After a job has failed for want of the image, the next one may try so much later."""
PULL_REASONS = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}
)
_LONGEST_QUOTE = 400


@dataclass(frozen=True)
class Evidence:
    """Something that keeps the model from being run, and until when it is held against it."""

    reason: Reason
    detail: str
    until: dt.datetime | None = None
    """None: until what shows it is gone, or the spec changes."""


@dataclass(frozen=True)
class Ground:
    """From when on a job counts: it began under the model's present spec."""

    since: dt.datetime | None
    reason: str = ""
    """Why the model is not ready so far: what showed that goes on to count."""

    def counts(self, began: dt.datetime | None, reason: Reason) -> bool:
        """Tell whether what began then says something of the model as it is."""
        if self.reason == reason or self.since is None:
            return True
        return began is not None and began >= self.since


def ground_of(resource: Manifest, now: dt.datetime) -> Ground:
    """Return from when on jobs count: a change of the spec gives the model a new chance."""
    metadata = resource["metadata"]
    ready = conditions.find((resource.get("status") or {}).get("conditions") or (), "Ready")
    if ready is None:
        return Ground(moment(metadata.get("creationTimestamp")))
    if ready.get("observedGeneration") != metadata.get("generation"):
        return Ground(now + dt.timedelta(seconds=1))
    return Ground(moment(ready.get("lastTransitionTime")), str(ready.get("reason", "")))


def learned(
    spec: AIModelSpec,
    ground: Ground,
    now: dt.datetime,
    *,
    pods: Sequence[Manifest],
    troubles: Sequence[Trouble],
) -> Evidence | None:
    """Return what speaks against the model; weights first: no other job can change those."""
    own = [one for one in troubles if ground.counts(one.started, one.reason)]
    return _mismatch(spec, own) or _no_image(spec, ground, now, pods=pods, troubles=own)


def _mismatch(spec: AIModelSpec, troubles: Sequence[Trouble]) -> Evidence | None:
    named = spec.weights.sha256[:12] if spec.weights else ""
    for one in reversed(troubles):
        if one.reason is Reason.WEIGHTS_MISMATCH and named and named in one.message:
            said = "A job found this. To try the same again, delete the jobs that failed so."
            return Evidence(Reason.WEIGHTS_MISMATCH, said)
    return None


def _no_image(
    spec: AIModelSpec,
    ground: Ground,
    now: dt.datetime,
    *,
    pods: Sequence[Manifest],
    troubles: Sequence[Trouble],
) -> Evidence | None:
    for pod in reversed(by_age(pods)):
        began = moment(pod["metadata"].get("creationTimestamp"))
        if not ground.counts(began, Reason.IMAGE_PULL_FAILED):
            continue
        said = pulled(pod, spec.image)
        if said is not None:
            return Evidence(Reason.IMAGE_PULL_FAILED, said) if said else None
    for one in reversed(troubles):
        until = one.finished + dt.timedelta(seconds=HOLD_SECONDS)
        if one.reason is Reason.IMAGE_PULL_FAILED and spec.image in one.message and now < until:
            return Evidence(Reason.IMAGE_PULL_FAILED, f"Image: {spec.image}.", until)
    return None


def _shown(pod: Manifest) -> list[Manifest]:
    status = pod.get("status") or {}
    return [
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ]


def _waiting(container: Manifest) -> Manifest:
    return (container.get("state") or {}).get("waiting") or {}


def pull_fails(pod: Manifest) -> bool:
    """Tell whether an image of the pod can't be pulled now."""
    return any(_waiting(container).get("reason") in PULL_REASONS for container in _shown(pod))


def pulled(pod: Manifest, image: str) -> str | None:
    """Return the registry's complaint, an empty text where the image is there, None if unknown."""
    spec = pod.get("spec") or {}
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    mine = {container.get("name") for container in containers if container.get("image") == image}
    for container in _shown(pod):
        if container.get("name") not in mine:
            continue
        state = container.get("state") or {}
        if state.get("running") or state.get("terminated"):
            return ""
        waiting = _waiting(container)
        if waiting.get("reason") in PULL_REASONS:
            said = " ".join(str(waiting.get("message") or "").split())[:_LONGEST_QUOTE]
            words = f"{waiting['reason']}: {said}".rstrip(".: ")
            return f"Image: {image}. The node says: {words}."
    return None
