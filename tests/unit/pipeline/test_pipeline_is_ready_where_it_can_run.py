import datetime as dt
from typing import Any

import pytest
from tests.support.make import aimodel, aipipeline, condition
from tests.support.workload import node

from meninx.controller.actions import Decision, Emit, WriteStatus
from meninx.controller.pipeline.decide import Observed, decide
from meninx.resources.reasons import Reason

NOW = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
READY = {"conditions": [condition("Ready")]}
NOT_READY = {"conditions": [condition("Ready", "False", reason="NoMatchingNode")]}
ON_CPU = {"gpu": {"count": 0}, "cpu": "500m", "memory": "1Gi"}
MODELS = {
    "example-headmask": aimodel("example-headmask", status=READY, resources=ON_CPU),
    "unet-meningioma": aimodel(status=READY, resources={"cpu": "1", "memory": "1Gi"}),
}
ROOMY = node(gpus="1")
ROOMY["status"]["allocatable"] |= {"memory": "16Gi", "pods": "110"}
STEPS = aipipeline()["spec"]["steps"]


def said(decision: Decision) -> dict[str, Any]:
    """Return the condition that a decision writes."""
    (status,) = [a.status for a in decision.actions if isinstance(a, WriteStatus)]
    (ready,) = status["conditions"]
    return dict(ready)


def look(models: Any = MODELS, nodes: Any = (ROOMY,), **pipeline: Any) -> dict[str, Any]:
    """Return the condition of a pipeline that was not looked at before."""
    return said(decide(Observed(aipipeline(**pipeline), models, nodes), NOW, None))


def changed(name: str, **spec: Any) -> dict[str, Any]:
    """Return the models with one changed."""
    return MODELS | {name: aimodel(name, status=READY, **spec)}


def test_pipeline_of_ready_models_is_ready() -> None:
    assert (look()["status"], look()["reason"]) == ("True", "Ready")


@pytest.mark.parametrize(
    ("models", "nodes", "steps", "reason", "told"),
    [
        ({}, [ROOMY], STEPS, Reason.MODEL_NOT_FOUND, "Step head: AIModel: example-headmask."),
        (
            MODELS | {"unet-meningioma": aimodel(status=NOT_READY)},
            [ROOMY],
            STEPS,
            Reason.MODEL_NOT_READY,
            "Step meningioma: AIModel: unet-meningioma",
        ),
        (MODELS, [], STEPS, Reason.NO_MATCHING_NODE, "no node"),
        (
            changed("unet-meningioma", resources={"gpu": {"count": 2}, "memory": "1Gi"}),
            [ROOMY],
            STEPS,
            Reason.NO_MATCHING_NODE,
            "nvidia.com/gpu",
        ),
        (
            MODELS,
            [ROOMY],
            [STEPS[0], STEPS[1] | {"when": {"step": "head", "field": "x", "exists": True}}],
            Reason.BAD_SPEC,
            "AIModel unet-meningioma needs command",
        ),
        (
            {
                name: aimodel(name, status=READY, resources={"runtimeClassName": name})
                for name in MODELS
            },
            [ROOMY],
            STEPS,
            Reason.BAD_SPEC,
            "runtime classes",
        ),
        (MODELS, [ROOMY], [], Reason.BAD_SPEC, "spec.steps"),
    ],
    ids=["no-model", "not-ready", "no-node", "no-gpu", "no-command", "clash", "unreadable"],
)
def test_what_is_in_the_way_is_said_with_its_step(
    models: Any, nodes: Any, steps: Any, reason: Reason, told: str
) -> None:
    found = look(models, nodes, steps=steps)
    assert (found["status"], found["reason"]) == ("False", reason)
    assert told in found["message"]


def test_models_are_looked_at_before_their_pipeline() -> None:
    new = MODELS | {"unet-meningioma": aimodel()}
    assert decide(Observed(aipipeline(), new, (ROOMY,)), NOW, None) == Decision()


def test_second_look_writes_nothing() -> None:
    first = decide(Observed(aipipeline(), MODELS, (ROOMY,)), NOW, None)
    status = {"observedGeneration": None, "conditions": [said(first)]}
    again = Observed(aipipeline(status=status), MODELS, (ROOMY,))
    assert decide(again, NOW, None) == Decision()


def test_change_of_readiness_is_told_once() -> None:
    first = decide(Observed(aipipeline(), {}, (ROOMY,)), NOW, None)
    assert [a.reason for a in first.actions if isinstance(a, Emit)] == [Reason.MODEL_NOT_FOUND]


def test_pipeline_that_is_being_deleted_is_left_alone() -> None:
    going = aipipeline(metadata={"deletionTimestamp": "2026-01-05T09:00:00Z"})
    assert decide(Observed(going), NOW, None) == Decision()
