"""From weights to a version of a model: registered, measured, and promoted where it is better (pure)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from meninx.controller.actions import Action, ApplyModel, Decision, PromoteVersion, WriteQuality
from meninx.controller.job.begin import Held
from meninx.controller.job.status import holds, lacks
from meninx.controller.training.gate import Current, judge
from meninx.controller.training.observed import Observed
from meninx.controller.training.pod import labels
from meninx.controller.training.say import (
    PROMOTED,
    REGISTERED,
    TRAINED,
    Verdict,
    admitted,
    tell,
    words,
)
from meninx.kube.conditions import NewCondition
from meninx.kube.kinds import AIMODEL
from meninx.resources.aimodel import Quality
from meninx.resources.reasons import Reason
from meninx.resources.trainingjob import GateStatus, Register, TrainingJob, TrainingResult

Manifest = Mapping[str, Any]

ANNOTATION_UID = "meninx.io/training-job-uid"


def head_of(model: Manifest) -> str:
    """Return the name of the AIModel that routes name for this one: itself, or what it is a version of."""
    named = (model.get("spec") or {}).get("versionOf") or {}
    return str(named.get("name") or model["metadata"]["name"])


def current_of(head: Manifest) -> str:
    """Return the name of the version that routes which name this model run."""
    named = (head.get("spec") or {}).get("current") or {}
    return str(named.get("name") or head["metadata"]["name"])


def quality_of(model: Manifest | None) -> Quality | None:
    """Return what was measured of a version; None where nothing was, or nothing that can be read."""
    measured = ((model or {}).get("status") or {}).get("quality")
    try:
        return None if measured is None else Quality.model_validate(measured)
    except ValidationError:
        return None


def obstacle(observed: Observed, job: TrainingJob) -> Held | None:
    """Say why what is to be registered could not be: better now than after days on a GPU."""
    want = job.spec.register_as
    if want is None:
        return None
    absent = _absent(observed, want)
    if absent is not None:
        return Held(Reason.MODEL_NOT_FOUND, f"AIModel: {absent}.")
    there = observed.models.get(want.name)
    if there is not None and not _is_of(there, job):
        return Held(Reason.NAME_TAKEN, f"AIModel: {want.name}.")
    return None


def _absent(observed: Observed, want: Register) -> str | None:
    """Return the name of what is missing of the model that it is made from and that model's head."""
    origin = observed.models.get(want.origin)
    if origin is None:
        return want.origin
    head = head_of(origin)
    return None if head in observed.models else head


def _is_of(model: Manifest, job: TrainingJob, result: TrainingResult | None = None) -> bool:
    """Tell whether a model was made by this training, or is the very same."""
    notes = model["metadata"].get("annotations") or {}
    if notes.get(ANNOTATION_UID) == job.metadata.uid:
        return True
    sha256 = ((model.get("spec") or {}).get("weights") or {}).get("sha256")
    return result is not None and sha256 == result.sha256


def version(
    job: TrainingJob, want: Register, result: TrainingResult, origin: Manifest
) -> dict[str, Any]:
    """Return the AIModel as it is made: as the one that it is made from, with its own weights."""
    taken = {
        k: v for k, v in (origin.get("spec") or {}).items() if k not in {"current", "versionOf"}
    }
    return {
        "apiVersion": AIMODEL.api_version,
        "kind": AIMODEL.kind,
        "metadata": {
            "name": want.name,
            "namespace": job.metadata.namespace,
            "labels": {k: v for k, v in labels(job).items() if k.startswith("meninx.io/")},
            "annotations": {ANNOTATION_UID: job.metadata.uid or ""},
        },
        "spec": {
            **taken,
            "version": want.version,
            "weights": {"uri": result.weights, "sha256": result.sha256},
            "versionOf": {"name": head_of(origin)},
        },
    }


def register(
    observed: Observed, job: TrainingJob, result: TrainingResult, now: dt.datetime
) -> Decision:
    """Say what is still to be done about a training that ended well."""
    want, facts = job.spec.register_as, {"result": result.manifest()}
    if want is None:
        return _say(observed, "Succeeded", (), facts, now)
    absent, there = _absent(observed, want), observed.models.get(want.name)
    if there is not None and not _is_of(there, job, result):
        return _held(observed, Held(Reason.NAME_TAKEN, f"AIModel: {want.name}."), facts, now)
    if absent is not None:
        return _held(observed, Held(Reason.MODEL_NOT_FOUND, f"AIModel: {absent}."), facts, now)
    measured = result.quality.manifest()
    if there is None or (there.get("status") or {}).get("quality") != measured:
        origin = observed.models[want.origin]
        made = () if there is not None else (ApplyModel(version(job, want, result, origin)),)
        after: tuple[Action, ...] = (*made, WriteQuality(want.name, measured))
        decision = _say(observed, "Registering", (lacks(REGISTERED, Reason.TRAINED),), facts, now)
        return Decision((*decision.actions, *after))
    return _promote(observed, want, result.quality, {**facts, "registered": want.name}, now=now)


def _promote(
    observed: Observed, want: Register, candidate: Quality, facts: Manifest, *, now: dt.datetime
) -> Decision:
    registered = holds(REGISTERED, Reason.REGISTERED)
    if want.promote == "Never":
        return _say(observed, "Succeeded", (registered,), facts, now)
    head = observed.models[head_of(observed.models[want.origin])]
    current = current_of(head)
    if current == want.name:
        done = (registered, holds(PROMOTED, Reason.PROMOTED))
        return _say(observed, "Succeeded", done, facts, now)
    measured = Current(current, quality_of(observed.models.get(current)))
    verdict = judge(want, candidate, measured)
    facts = {**facts, "gate": verdict.manifest()}
    if verdict.decision == "Keep":
        return _say(observed, "Succeeded", (registered, _kept(verdict)), facts, now)
    # The gate's figures first: once the version is the current one they can't be found again.
    decision = _say(observed, "Registering", (registered,), facts, now)
    metadata = head["metadata"]
    promotion = PromoteVersion(metadata["name"], str(metadata.get("resourceVersion")), want.name)
    return Decision((*decision.actions, promotion))


def _kept(verdict: GateStatus) -> NewCondition:
    return NewCondition(PROMOTED, "False", verdict.reason, verdict.message)


def _held(observed: Observed, held: Held, facts: Manifest, now: dt.datetime) -> Decision:
    said = lacks(REGISTERED, held.reason, words(held.reason, held.detail))
    return _say(observed, "Registering", (said,), facts, now)


def _say(
    observed: Observed,
    phase: Any,
    more: tuple[NewCondition, ...],
    facts: Manifest,
    now: dt.datetime,
) -> Decision:
    said = admitted(holds(TRAINED, Reason.TRAINED), *more)
    return tell(observed, Verdict(phase, said, facts=facts), now)
