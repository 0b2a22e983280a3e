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


def _tainted(key: str, effect: str = "NoSchedule", **labels: Any) -> dict[str, Any]:
    return {**node(**labels), "spec": {"taints": [{"key": key, "effect": effect}]}}


CPU_ONLY = {"gpu": {"count": 0}, "nodeSelector": {"pool": "cpu"}}
MIG = {"gpu": {"migProfile": "1g.10gb"}}
DRA = {"gpu": {"deviceClass": "gpu.example.com"}}
TOLERANT = {"tolerations": [{"key": "gpu", "operator": "Exists"}]}


def _offers(**allocatable: str) -> dict[str, Any]:
    made = node()
    made["status"]["allocatable"] |= {key.replace("__", "/"): v for key, v in allocatable.items()}
    return made


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
        ([node()], {"resources": {"memory": "64Gi"}}, "NoMatchingNode"),
        ([node()], {"resources": {"cpu": "9"}}, "NoMatchingNode"),
        ([node()], {"resources": MIG}, "NoMatchingNode"),
        ([_offers(**{"nvidia.com__mig-1g.10gb": "7"})], {"resources": MIG}, "Ready"),
        ([node(gpus="0")], {"resources": DRA}, "Ready"),
        ([_tainted("gpu")], {}, "NoMatchingNode"),
        ([_tainted("gpu")], {"resources": TOLERANT}, "Ready"),
        ([_tainted("gpu", "PreferNoSchedule")], {}, "Ready"),
        ([_tainted("node.kubernetes.io/unschedulable")], {}, "Ready"),
        ([_tainted("node.kubernetes.io/not-ready", "NoExecute")], {}, "Ready"),
        ([node()], {"task": "Poetry"}, "BadSpec"),
    ],
    ids=[
        "fits", "none", "product", "no-gpu", "junk", "big", "small", "cpu", "labels", "memory",
        "cores", "no-mig", "mig", "claimed-devices", "taint", "tolerated", "soft-taint", "cordoned",
        "not-ready", "spec",
    ],
)  # fmt: skip
def test_readiness_has_its_reason(
    nodes: list[dict[str, Any]], spec: dict[str, Any], reason: str
) -> None:
    said = _ready(_decide(*nodes, **spec))
    assert said["reason"] == reason
    assert said["status"] == ("True" if reason == "Ready" else "False")
    assert said["observedGeneration"] == 3


@pytest.mark.rule("said-plainly")
@pytest.mark.parametrize(
    ("nodes", "spec", "parts"),
    [
        ([node(product="H100")], {}, [f"nvidia.com/gpu.product: {GPU_PRODUCT} needed", "H100"]),
        ([node()], {"resources": {"gpu": {"count": 4}}}, ["nvidia.com/gpu: 4 needed, at most 1"]),
        ([node()], {"resources": {"memory": "64Gi"}}, ["memory: 64Gi needed, at most 32Gi"]),
        ([node()], {"resources": {"cpu": "9500m"}}, ["cpu: 9500m needed, at most 8"]),
        ([_tainted("gpu")], {}, ["Taints that the model does not tolerate: gpu:NoSchedule"]),
        (
            [node(gpus="4", product="H100"), node("node-2")],
            {"resources": {"gpu": {"count": 2}}},
            ["No node offers all of it", "node-1", "H100"],
        ),
        ([], {}, ["no node"]),
    ],
    ids=["label", "gpus", "memory", "cpu", "taint", "each-but-not-together", "none"],
)
def test_message_says_what_no_node_offers(
    nodes: list[dict[str, Any]], spec: dict[str, Any], parts: list[str]
) -> None:
    message = _ready(_decide(*nodes, **spec))["message"]
    for part in parts:
        assert part in message


def test_model_that_is_known_to_be_ready_is_left_alone() -> None:
    first = _decide(node())
    (status,) = (a.status for a in first.actions if isinstance(a, WriteStatus))
    assert _decide(node(), status=status).actions == ()


def test_change_is_told_once_by_an_event() -> None:
    status = {"conditions": [condition("Ready")], "observedGeneration": 3}
    emitted = [a for a in _decide(status=status).actions if isinstance(a, Emit)]
    assert [(event.type, event.reason) for event in emitted] == [("Warning", "NoMatchingNode")]
