"""Whether an AIModel can be run, what its jobs tell of it, and whether it may go (pure)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from meninx.controller.actions import Action, Decision, Emit, SetInUse, WriteStatus
from meninx.controller.job.chain import of_model, told
from meninx.controller.model.evidence import Evidence, ground_of, learned
from meninx.controller.model.fit import unfit
from meninx.controller.model.ledger import Tally, Trouble
from meninx.controller.queue.capacity import node_of, request_of
from meninx.kube import conditions
from meninx.kube.conditions import NewCondition
from meninx.resources import names
from meninx.resources.aimodel import AIModel
from meninx.resources.reasons import MEANINGS, Reason

READY = "Ready"
COUNTS_SECONDS = 30.0
"""Counts and latencies are written that often at most; a change of Ready at once."""
LOOK_SECONDS = 30.0
"""A model is looked at that often: counts and Secrets change without a word."""
LEAVING_SECONDS = 10.0
"""How often one that is to be deleted is looked at, should its jobs' ends go unheard."""
_MOST_NAMES = 3
_COUNTED = ("running", "waiting", "succeeded", "failed", "latencySeconds")


@dataclass(frozen=True)
class Observed:
    """Everything that a decision about one AIModel looks at."""

    resource: Mapping[str, Any]
    nodes: tuple[Mapping[str, Any], ...] = ()
    running: tuple[str, ...] = ()
    """Names of the jobs that run it, those of pipelines too."""
    pods: tuple[Mapping[str, Any], ...] = ()
    """Pods of those jobs."""
    troubles: tuple[Trouble, ...] = ()
    tally: Tally = field(default_factory=Tally)
    missing_secrets: tuple[str, ...] = ()
    written_at: dt.datetime | None = None
    """When this operator last wrote the status; None if it has not yet."""


def decide(observed: Observed, now: dt.datetime, gpu_product: str | None) -> Decision:
    """Say whether the model can be run now; `gpu_product` is the default of the chart."""
    held = names.FINALIZER_IN_USE in (observed.resource["metadata"].get("finalizers") or ())
    used = bool(observed.running)
    if observed.resource["metadata"].get("deletionTimestamp"):
        return _leaving(observed, now, held=held)
    verdict, until = _verdict(observed, now, gpu_product)
    decision = _say(observed, verdict, now)
    if used != held:
        # Last: it makes the version that the status is written to an old one.
        decision = Decision((*decision.actions, SetInUse(used)), decision.look_again_seconds)
    return _sooner(decision, until, now)


def _sooner(decision: Decision, until: dt.datetime | None, now: dt.datetime) -> Decision:
    waits = [LOOK_SECONDS]
    if until is not None:
        waits.append(max(0.0, (until - now).total_seconds()))
    if decision.look_again_seconds is not None:
        waits.append(decision.look_again_seconds)
    return Decision(decision.actions, min(waits))


def _leaving(observed: Observed, now: dt.datetime, *, held: bool) -> Decision:
    """Let it go once nothing runs it; until then say what it waits for."""
    if not observed.running:
        return Decision((SetInUse(False),) if held else ())
    if not held:
        return Decision()  # others hold it: it is none of ours
    shown = ", ".join(observed.running[:_MOST_NAMES])
    rest = len(observed.running) - _MOST_NAMES
    more = f" and {rest} more" if rest > 0 else ""
    verdict = _lacks(Reason.DELETING, f"Running: {shown}{more}.")
    return Decision(_say(observed, verdict, now).actions, look_again_seconds=LEAVING_SECONDS)


def _say(observed: Observed, verdict: NewCondition, now: dt.datetime) -> Decision:
    """Write the status where it says something new; counts alone wait for their time."""
    before = observed.resource.get("status") or {}
    generation = observed.resource["metadata"].get("generation")
    said = before.get("conditions") or []
    merged = conditions.merge(conditions.only(said, {READY}), verdict, now, generation)
    status = {"observedGeneration": generation, "conditions": merged, **_counts(observed.tally)}
    if status == _owned(before):
        return Decision()
    if all(status[key] == _owned(before).get(key) for key in ("observedGeneration", "conditions")):
        rest = _rest(observed.written_at, now)
        if rest > 0:
            return Decision(look_again_seconds=rest)
    events = _told(conditions.find(said, READY), verdict)
    return Decision((*events, WriteStatus(status)))


def _rest(written_at: dt.datetime | None, now: dt.datetime) -> float:
    return 0.0 if written_at is None else COUNTS_SECONDS - (now - written_at).total_seconds()


def _counts(tally: Tally) -> dict[str, Any]:
    counts: dict[str, Any] = {
        "running": tally.running,
        "waiting": tally.waiting,
        "succeeded": tally.succeeded,
        "failed": tally.failed,
    }
    if tally.p50 is not None and tally.p95 is not None:
        counts["latencySeconds"] = {"p50": tally.p50, "p95": tally.p95}
    return counts


def _owned(status: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "observedGeneration": status.get("observedGeneration"),
        "conditions": conditions.only(status.get("conditions") or [], {READY}),
        **{key: status[key] for key in _COUNTED if key in status},
    }


def _told(before: Mapping[str, Any] | None, verdict: NewCondition) -> list[Action]:
    old = (before or {}).get("status"), (before or {}).get("reason")
    if old == (verdict.status, verdict.reason):
        return []
    good = verdict.status == "True"
    return [Emit("Normal" if good else "Warning", verdict.reason, verdict.message)]


def _verdict(
    observed: Observed, now: dt.datetime, gpu_product: str | None
) -> tuple[NewCondition, dt.datetime | None]:
    """Return what is to be said, and until when at most."""
    try:
        model = AIModel.model_validate({**observed.resource, "status": {}})
        request = request_of(of_model(model), gpu_product)
    except ValidationError as error:
        return _lacks(Reason.BAD_SPEC, f"{told(error)}."), None
    if observed.missing_secrets:
        return _lacks(Reason.SECRET_NOT_FOUND, _secrets(observed.missing_secrets)), None
    lacking = unfit(request, map(node_of, observed.nodes))
    if lacking:
        return _lacks(Reason.NO_MATCHING_NODE, lacking), None
    ground = ground_of(observed.resource, now)
    found: Evidence | None = learned(
        model.spec, ground, now, pods=observed.pods, troubles=observed.troubles
    )
    if found:
        return _kept_words(observed, found) or _lacks(found.reason, found.detail), found.until
    return NewCondition(READY, "True", Reason.READY, MEANINGS[Reason.READY].sentence), None


def _kept_words(observed: Observed, found: Evidence) -> NewCondition | None:
    """Return what was said while the pod was there: its end says less than the registry did."""
    said = (observed.resource.get("status") or {}).get("conditions") or ()
    before = conditions.find(said, READY) or {}
    if found.until is None or before.get("reason") != found.reason:
        return None
    return NewCondition(READY, "False", found.reason, str(before.get("message", "")))


def _secrets(missing: Sequence[str]) -> str:
    return f"Secret: {', '.join(missing)}."


def _lacks(reason: Reason, detail: str) -> NewCondition:
    meaning = MEANINGS[reason]
    return NewCondition(READY, "False", reason, f"{meaning.sentence} {detail} {meaning.remedy}")
