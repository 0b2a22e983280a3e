from typing import Any

import pytest

from meninx.controller.job import needs
from meninx.controller.job.chain import ChainStep
from meninx.resources.aimodel import Resources

PRODUCT = "NVIDIA-A100-PCIE-40GB"
LABEL = "nvidia.com/gpu.product"
DRA = {"deviceClass": "gpu.nvidia.com", "count": 1}


def step(name: str = "model", *, pull_secrets: tuple[str, ...] = (), **resources: Any) -> ChainStep:
    """Return a step with these resources, as an AIModel writes them."""
    return ChainStep(name, "image", Resources.model_validate(resources), pull_secrets=pull_secrets)


@pytest.mark.parametrize(
    ("gpu", "wanted"),
    [
        pytest.param({}, {"nvidia.com/gpu": 1}, id="one whole GPU by default"),
        pytest.param({"count": 4}, {"nvidia.com/gpu": 4}, id="several"),
        pytest.param({"count": 0}, {}, id="CPU"),
        pytest.param({"resource": "amd.com/gpu"}, {"amd.com/gpu": 1}, id="another vendor"),
        pytest.param({"migProfile": "1g.10gb"}, {"nvidia.com/mig-1g.10gb": 1}, id="MIG"),
        pytest.param(DRA, {}, id="claimed devices are no plugin's"),
    ],
)
def test_device_plugin_is_asked_for_what_is_said(gpu: Any, wanted: dict[str, int]) -> None:
    resources = Resources.model_validate({"gpu": gpu})
    assert needs.extended_resources(resources.gpu) == wanted
    limits = needs.container_resources(resources)["limits"]
    assert limits == {"memory": "4Gi", **{name: str(count) for name, count in wanted.items()}}


@pytest.mark.parametrize(
    ("resources", "wanted"),
    [
        pytest.param({}, {LABEL: PRODUCT}, id="the chart's default"),
        pytest.param({"gpu": {"product": "L4"}}, {LABEL: "L4"}, id="the model's own"),
        pytest.param({"gpu": {"count": 0}}, {}, id="none on the CPU"),
        pytest.param({"gpu": {"count": 0, "product": "L4"}}, {}, id="none without a GPU"),
        pytest.param({"gpu": {"migProfile": "1g.10gb"}}, {}, id="a MIG profile says enough"),
        pytest.param(
            {"gpu": {"migProfile": "1g.10gb", "product": "A30"}}, {LABEL: "A30"}, id="MIG of one"
        ),
        pytest.param({"gpu": {"resource": "amd.com/gpu"}}, {}, id="another vendor's"),
        pytest.param({"gpu": DRA}, {}, id="a device class says enough"),
        pytest.param({"nodeSelector": {"a": "b"}}, {LABEL: PRODUCT, "a": "b"}, id="both"),
    ],
)
def test_node_must_carry_product_and_labels(resources: Any, wanted: dict[str, str]) -> None:
    assert needs.node_selector(Resources.model_validate(resources), PRODUCT) == wanted


def test_plain_step_asks_nothing_of_the_pod() -> None:
    plain = step(gpu={"count": 0})
    assert needs.pod_fields([plain], PRODUCT, "job") == {}
    assert needs.shared_memory_volumes([plain]) == []
    assert needs.shared_memory_mounts(plain) == []
    assert needs.claim_templates([plain], "job", {}) == ()


def test_pod_gets_what_all_steps_ask_for_once() -> None:
    taint = {"key": "gpu", "operator": "Exists"}
    first = step("a", tolerations=[taint], runtimeClassName="nvidia", pull_secrets=("one",))
    second = step("b", tolerations=[taint], nodeSelector={"x": "y"}, pull_secrets=("one", "two"))
    assert needs.pod_fields([first, second], PRODUCT, "job") == {
        "nodeSelector": {LABEL: PRODUCT, "x": "y"},
        "tolerations": [taint],
        "runtimeClassName": "nvidia",
        "imagePullSecrets": [{"name": "one"}, {"name": "two"}],
    }


def test_shared_memory_is_a_volume_of_its_step_alone() -> None:
    big, small = step("big", sharedMemory="2Gi"), step("small")
    assert needs.shared_memory_volumes([big, small]) == [
        {"name": "shm-big", "emptyDir": {"medium": "Memory", "sizeLimit": "2Gi"}}
    ]
    assert needs.shared_memory_mounts(big) == [{"name": "shm-big", "mountPath": "/dev/shm"}]


def test_claimed_devices_reach_container_pod_and_template() -> None:
    steps = [step("a", gpu=DRA), step("b", gpu=DRA), step("c", gpu={**DRA, "count": 2})]
    claims = needs.claims(steps)
    assert [claim.count for claim in claims] == [1, 2], "equal needs share a claim"
    used = [needs.container_resources(s.resources, claims)["claims"] for s in steps]
    assert used == [[{"name": "gpu-1"}], [{"name": "gpu-1"}], [{"name": "gpu-2"}]]
    templates = needs.claim_templates(steps, "job", {"namespace": "meninx"})
    asked = needs.pod_fields(steps, PRODUCT, "job")["resourceClaims"]
    assert asked == [
        {"name": "gpu-1", "resourceClaimTemplateName": templates[0]["metadata"]["name"]},
        {"name": "gpu-2", "resourceClaimTemplateName": templates[1]["metadata"]["name"]},
    ]
    request = templates[1]["spec"]["spec"]["devices"]["requests"][0]["exactly"]
    assert (request["deviceClassName"], request["count"]) == ("gpu.nvidia.com", 2)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        pytest.param({}, {"nodeSelector": {"a": "b"}}, None, id="different labels go together"),
        pytest.param({"gpu": {"product": "L4"}}, {}, "L4", id="two products"),
        pytest.param({"gpu": {"product": "L4"}}, {"gpu": {"count": 0}}, None, id="GPU and CPU"),
        pytest.param(
            {"runtimeClassName": "nvidia"}, {"runtimeClassName": "kata"}, "kata", id="two runtimes"
        ),
        pytest.param({"runtimeClassName": "nvidia"}, {}, None, id="one runtime"),
    ],
)
def test_steps_that_no_node_can_run_together_are_named(
    first: Any, second: Any, said: str | None
) -> None:
    told = needs.clash([step("a", **first), step("b", **second)], PRODUCT)
    assert (said in told) if told and said else told is said
