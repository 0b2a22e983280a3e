from typing import Any

import pytest
from tests.support.make import aimodel, inferencejob
from tests.support.queueing import GPU, node, node_manifest, request

from meninx.controller.job import chain, pod
from meninx.controller.queue.capacity import Request, node_of, request_of
from meninx.controller.queue.quantity import CPU, MEMORY, units
from meninx.controller.settings import PodSettings
from meninx.resources.aimodel import AIModel
from meninx.resources.inferencejob import InferenceJob

GI = 1024**3
TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
PRODUCT = "NVIDIA-A100-PCIE-40GB"


def _chain(**resources: Any) -> chain.Chain:
    return chain.of_model(AIModel.model_validate(aimodel(resources=resources)))


def _effective(manifest: dict[str, Any]) -> dict[str, int]:
    """Return what the scheduler counts: the most of any init container, or of all the others."""
    spec = manifest["spec"]["template"]["spec"]
    most: dict[str, int] = {}
    for container in (*spec["initContainers"], *spec["containers"]):
        for resource, quantity in container["resources"]["requests"].items():
            most[resource] = max(most.get(resource, 0), units(resource, quantity))
    return most


@pytest.mark.parametrize(
    "resources",
    [
        pytest.param({}, id="default"),
        pytest.param({"cpu": "500m", "memory": "12Gi", "gpu": {"count": 2}}, id="two GPUs"),
        pytest.param({"gpu": {"migProfile": "1g.10gb"}}, id="MIG"),
        pytest.param({"gpu": {"count": 0}, "cpu": "50m", "memory": "16Mi"}, id="less than fetch"),
        pytest.param({"gpu": {"resource": "amd.com/gpu"}}, id="another vendor"),
    ],
)
def test_request_is_what_the_pod_asks_for(resources: dict[str, Any]) -> None:
    job = InferenceJob.model_validate(inferencejob(metadata={"uid": "u"}))
    made = pod.kubernetes_job(job, _chain(**resources), PodSettings("meninx", "http://store"))
    wanted = dict(request_of(_chain(**resources), None).wants)
    assert wanted.pop("pods") == 1
    assert wanted == _effective(made)


def test_request_carries_selector_product_and_tolerations() -> None:
    toleration = {"key": "nvidia.com/gpu", "operator": "Exists"}
    wanted = request_of(_chain(nodeSelector={"zone": "ct"}, tolerations=[toleration]), PRODUCT)
    assert wanted.node_selector == (("nvidia.com/gpu.product", PRODUCT), ("zone", "ct"))
    assert wanted.tolerations == (("nvidia.com/gpu", "Exists", "", ""),)


def test_claimed_devices_are_left_to_the_scheduler() -> None:
    assert request_of(_chain(gpu={"deviceClass": "gpu.nvidia.com"}), PRODUCT).extended == ()


def test_node_offers_what_it_can_allocate() -> None:
    offered = node("a", **{CPU: "3920m", MEMORY: "7Gi", "hugepages-2Mi": "junk!"}).allocatable
    assert offered == {CPU: 3920, MEMORY: 7 * GI, "pods": 110, GPU: 1}


@pytest.mark.parametrize(
    ("toleration", "taken"),
    [
        pytest.param(("nvidia.com/gpu", "Exists", "", "NoSchedule"), True, id="exists"),
        pytest.param(("nvidia.com/gpu", "Exists", "", ""), True, id="any effect"),
        pytest.param(("nvidia.com/gpu", "Equal", "present", ""), True, id="equal value"),
        pytest.param(("nvidia.com/gpu", "Equal", "absent", ""), False, id="other value"),
        pytest.param(("nvidia.com/gpu", "Exists", "", "NoExecute"), False, id="other effect"),
        pytest.param(("other", "Exists", "", ""), False, id="other key"),
        pytest.param(("", "Exists", "", ""), True, id="everything"),
        pytest.param(("", "Equal", "", ""), False, id="empty key needs Exists"),
    ],
)
def test_taint_is_tolerated_as_kubernetes_does(toleration: Any, taken: bool) -> None:
    tainted = node_of(node_manifest(taints=[TAINT]))
    assert tainted.takes(Request(tolerations=(toleration,))) is taken
    assert not tainted.takes(Request())


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        pytest.param({}, True, id="healthy"),
        pytest.param({"ready": "False"}, False, id="not ready"),
        pytest.param({"ready": "Unknown"}, False, id="lost"),
        pytest.param({"unschedulable": True}, False, id="cordoned"),
        pytest.param({"taints": [TAINT | {"effect": "NoExecute"}]}, False, id="no execution"),
        pytest.param({"taints": [TAINT | {"effect": "PreferNoSchedule"}]}, True, id="soft taint"),
    ],
)
def test_node_takes_pods_only_when_it_can(fields: dict[str, Any], taken: bool) -> None:
    assert node_of(node_manifest(**fields)).takes(request()) is taken


def test_node_without_the_labels_takes_none() -> None:
    wanted = request(node_selector=(("nvidia.com/gpu.product", PRODUCT),))
    labels = {"nvidia.com/gpu.product": PRODUCT}
    assert node_of(node_manifest(labels=labels)).takes(wanted)
    assert not node().takes(wanted)


def test_bare_node_of_the_api_can_be_read() -> None:
    bare = node_of({"metadata": {"name": "bare"}})
    assert bare.allocatable == {}
    assert bare.ready
