"""Whether an AIPipeline can be run (pure)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from meninx.controller.actions import Action, Decision, Emit, WriteStatus
from meninx.controller.job import needs
from meninx.controller.job.chain import Chain, Obstacle, fault, models_of, of_pipeline, told
from meninx.controller.model.fit import unfit
from meninx.controller.queue.capacity import node_of, request_of
from meninx.kube import conditions
from meninx.kube.conditions import NewCondition
from meninx.resources.aipipeline import AIPipeline
from meninx.resources.reasons import MEANINGS, Reason

Manifest = Mapping[str, Any]

READY = "Ready"
CAN_BE_RUN = "Every step of the pipeline can be run."


@dataclass(frozen=True)
class Observed:
    """Everything that a decision about one AIPipeline looks at."""

    resource: Manifest
    models: Mapping[str, Manifest] = field(default_factory=dict)
    """The AIModels by name, as far as they exist."""
    nodes: Sequence[Manifest] = ()


def decide(observed: Observed, now: dt.datetime, gpu_product: str | None) -> Decision:
    """Say whether the pipeline can be run now; `gpu_product` is the default of the chart."""
    metadata = observed.resource["metadata"]
    if metadata.get("deletionTimestamp"):
        return Decision()
    if _unseen(observed):
        return Decision()  # a look at the models comes first, and brings one at their pipelines
    verdict = _verdict(observed, gpu_product)
    before = (observed.resource.get("status") or {}).get("conditions") or []
    generation = metadata.get("generation")
    merged = conditions.merge(conditions.only(before, {READY}), verdict, now, generation)
    status = {"observedGeneration": generation, "conditions": merged}
    if status == _owned(observed.resource.get("status") or {}):
        return Decision()
    return Decision((*_events(conditions.find(before, READY), verdict), WriteStatus(status)))


def _unseen(observed: Observed) -> bool:
    """Tell whether a model of the pipeline is there but was not looked at yet."""
    steps = (observed.resource.get("spec") or {}).get("steps") or ()
    named = ((step.get("modelRef") or {}).get("name") for step in steps)
    found = (observed.models.get(name) for name in named if name)
    return any(model is not None and not model.get("status") for model in found)


def _owned(status: Manifest) -> dict[str, Any]:
    return {
        "observedGeneration": status.get("observedGeneration"),
        "conditions": conditions.only(status.get("conditions") or [], {READY}),
    }


def _events(before: Manifest | None, verdict: NewCondition) -> list[Action]:
    old = before or {}
    if (old.get("status"), old.get("reason")) == (verdict.status, verdict.reason):
        return []
    kind: Any = "Normal" if verdict.status == "True" else "Warning"
    return [Emit(kind, verdict.reason, verdict.message)]


def _verdict(observed: Observed, gpu_product: str | None) -> NewCondition:
    try:
        pipeline = AIPipeline.model_validate({**observed.resource, "status": {}})
    except ValidationError as error:
        return _lacks(Reason.BAD_SPEC, f"{told(error)}.")
    used = models_of(pipeline, observed.models)
    if isinstance(used, Obstacle):
        return _lacks(used.reason, used.detail)
    wrong = fault(pipeline, used)
    if wrong:
        return _lacks(Reason.BAD_SPEC, wrong)
    return _room(of_pipeline(pipeline, used), observed.nodes, gpu_product)


def _room(chain: Chain, nodes: Sequence[Manifest], gpu_product: str | None) -> NewCondition:
    """Say whether the steps fit into one pod, and that pod on a node."""
    clash = needs.clash(chain.steps, gpu_product)
    if clash:
        return _lacks(Reason.BAD_SPEC, f"They share one pod, but {clash}.")
    lacking = unfit(request_of(chain, gpu_product), map(node_of, nodes))
    if lacking:
        return _lacks(Reason.NO_MATCHING_NODE, lacking)
    return NewCondition(READY, "True", Reason.READY, CAN_BE_RUN)


def _lacks(reason: Reason, detail: str) -> NewCondition:
    meaning = MEANINGS[reason]
    return NewCondition(READY, "False", reason, f"{meaning.sentence} {detail} {meaning.remedy}")
