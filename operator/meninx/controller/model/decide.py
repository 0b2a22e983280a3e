"""Whether an AIModel can be run: readable, and a node for it (pure)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from meninx.controller.actions import Action, Decision, Emit, WriteStatus
from meninx.controller.job.pod import node_selector
from meninx.kube import conditions
from meninx.kube.conditions import NewCondition
from meninx.resources.aimodel import AIModel
from meninx.resources.reasons import MEANINGS, Reason

READY = "Ready"


@dataclass(frozen=True)
class Observed:
    """Everything that a decision about one AIModel looks at."""

    resource: Mapping[str, Any]
    nodes: tuple[Mapping[str, Any], ...] = ()


def decide(observed: Observed, now: dt.datetime, gpu_product: str | None) -> Decision:
    """Say whether the model can be run now; `gpu_product` is the default of the chart."""
    metadata = observed.resource["metadata"]
    if metadata.get("deletionTimestamp"):
        return Decision()
    verdict = _verdict(observed, gpu_product)
    before = (observed.resource.get("status") or {}).get("conditions") or []
    generation = metadata.get("generation")
    merged = conditions.merge(conditions.only(before, {READY}), verdict, now, generation)
    status = {"observedGeneration": generation, "conditions": merged}
    if status == _owned(observed.resource.get("status") or {}):
        return Decision()
    return Decision((*_told(conditions.find(before, READY), verdict), WriteStatus(status)))


def _owned(status: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "observedGeneration": status.get("observedGeneration"),
        "conditions": conditions.only(status.get("conditions") or [], {READY}),
    }


def _told(before: Mapping[str, Any] | None, verdict: NewCondition) -> list[Action]:
    old = (before or {}).get("status"), (before or {}).get("reason")
    if old == (verdict.status, verdict.reason):
        return []
    good = verdict.status == "True"
    return [Emit("Normal" if good else "Warning", verdict.reason, verdict.message)]


def _verdict(observed: Observed, gpu_product: str | None) -> NewCondition:
    try:
        model = AIModel.model_validate({**observed.resource, "status": {}})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return _lacks(Reason.BAD_SPEC, f"{place}: {first['msg']}.")
    wanted = node_selector(model, gpu_product)
    gpu = model.spec.resources.gpu
    if any(_fits(node, wanted, gpu.resource, gpu.count) for node in observed.nodes):
        return NewCondition(READY, "True", Reason.READY, MEANINGS[Reason.READY].sentence)
    said = ", ".join(f"{key}={value}" for key, value in sorted(wanted.items())) or "none"
    return _lacks(Reason.NO_MATCHING_NODE, f"Labels: {said}; {gpu.resource}: {gpu.count}.")


def _lacks(reason: Reason, detail: str) -> NewCondition:
    meaning = MEANINGS[reason]
    return NewCondition(READY, "False", reason, f"{meaning.sentence} {detail} {meaning.remedy}")


def _fits(node: Mapping[str, Any], wanted: Mapping[str, str], resource: str, count: int) -> bool:
    carried = node["metadata"].get("labels") or {}
    offered = ((node.get("status") or {}).get("allocatable") or {}).get(resource, "0")
    enough = not count or (str(offered).isdigit() and int(offered) >= count)
    return enough and all(carried.get(key) == value for key, value in wanted.items())
