from typing import Any

import pytest
from tests.support.clock import FakeClock
from tests.support.make import aimodel, condition
from tests.support.workload import GPU_PRODUCT, node

from meninx.controller.actions import Decision, Emit, WriteStatus
from meninx.controller.model.decide import Observed, decide

NOW = FakeClock().now()


def _decide(*nodes: dict[str, Any], status: Any = None, **spec: Any) -> Decision:
    resource = aimodel(metadata={"generation": 3}, status=status, **spec)
    return decide(Observed(resource, nodes), NOW, GPU_PRODUCT)


def _ready(decision: Decision) -> dict[str, Any]:
    (status,) = (a.status for a in decision.actions if isinstance(a, WriteStatus))
    (found,) = status["conditions"]
    return dict(found)


CPU_ONLY = {"gpu": {"count": 0}, "nodeSelector": {"pool": "cpu"}}


@pytest.mark.parametrize(
    ("nodes", "spec", "reason"),
    [
        ([node()], {}, "Ready"),
        ([], {}, "NoMatchingNode"),
        ([node(product="H100")], {}, "NoMatchingNode"),
        ([node(gpus="0")], {}, "NoMatchingNode"),
        ([node(gpus="junk")], {}, "NoMatchingNode"),
        ([node(gpus="1"), node("node-2", gpus="4")], {"resources": {"gpu": {"count": 4}}}, "Ready"),
        ([node(gpus="2")], {"resources": {"gpu": {"count": 4}}}, "NoMatchingNode"),
        ([node(pool="cpu", gpus="0")], {"resources": CPU_ONLY}, "Ready"),
        ([node(pool="gpu")], {"resources": CPU_ONLY}, "NoMatchingNode"),
        ([node()], {"task": "Poetry"}, "BadSpec"),
    ],
    ids=["fits", "none", "product", "no-gpu", "junk", "big", "small", "cpu", "labels", "spec"],
)
def test_readiness_has_its_reason(
    nodes: list[dict[str, Any]], spec: dict[str, Any], reason: str
) -> None:
    said = _ready(_decide(*nodes, **spec))
    assert said["reason"] == reason
    assert said["status"] == ("True" if reason == "Ready" else "False")
    assert said["observedGeneration"] == 3


def test_message_says_what_was_looked_for() -> None:
    message = _ready(_decide(node(product="H100")))["message"]
    assert f"nvidia.com/gpu.product={GPU_PRODUCT}" in message
    assert "nvidia.com/gpu: 1" in message


def test_model_that_is_known_to_be_ready_is_left_alone() -> None:
    first = _decide(node())
    (status,) = (a.status for a in first.actions if isinstance(a, WriteStatus))
    assert _decide(node(), status=status).actions == ()


def test_change_is_told_once_by_an_event() -> None:
    status = {"conditions": [condition("Ready")], "observedGeneration": 3}
    emitted = [a for a in _decide(status=status).actions if isinstance(a, Emit)]
    assert [(event.type, event.reason) for event in emitted] == [("Warning", "NoMatchingNode")]


def test_model_that_is_being_deleted_is_left_alone() -> None:
    resource = aimodel(metadata={"deletionTimestamp": "2026-01-05T09:00:00Z"})
    assert decide(Observed(resource), NOW, None) == Decision()
