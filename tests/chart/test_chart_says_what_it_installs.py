import base64
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.chart import CHART, PACS, helm, of_kind, pod_specs, render, seeded, template

from meninx.resources.aimodel import AIModel
from meninx.resources.dicomnode import DicomNode
from meninx.resources.studyroute import StudyRoute

ROOT = Path(__file__).parents[2]
MODEL = CHART / "models/unet-meningioma.yaml"
KINDS = {"AIModel": AIModel, "DicomNode": DicomNode, "StudyRoute": StudyRoute}


def test_chart_passes_helm_lint_without_a_warning() -> None:
    done = helm("lint", str(CHART), "--strict", values={"pacs": [PACS]})
    assert done.returncode == 0, done.stdout
    assert "WARNING" not in done.stdout


def test_definitions_are_kept_on_uninstall() -> None:
    crds = of_kind(render(), "CustomResourceDefinition")
    assert len(crds) == 6
    for crd in crds.values():
        assert crd["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_definitions_can_be_left_to_an_administrator() -> None:
    assert of_kind(render({"crds": {"install": False}}), "CustomResourceDefinition") == {}


def test_definitions_of_the_chart_are_the_generated_ones() -> None:
    for name, crd in of_kind(render(), "CustomResourceDefinition").items():
        generated = yaml.safe_load((ROOT / "crds" / f"{name.split('.')[0]}.yaml").read_text())
        assert crd["spec"] == generated["spec"]


def test_keys_are_random_and_kept() -> None:
    one, two = (of_kind(render(), "Secret")["meninx-keys"] for _ in range(2))
    assert one["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    for key in ("privacy", "signing"):
        assert re.fullmatch(r"[0-9a-f]{64}", base64.b64decode(one["data"][key]).decode())
        assert one["data"][key] != two["data"][key]


def test_secret_of_ones_own_is_mounted_instead() -> None:
    manifests = render({"keys": {"existingSecret": "mine"}})
    assert of_kind(manifests, "Secret") == {}
    for kind in ("Deployment", "StatefulSet"):
        volumes = {v["name"]: v for v in pod_specs(manifests)[kind]["volumes"]}
        assert volumes["keys"]["secret"]["secretName"] == "mine"


def test_applied_resources_fit_the_models() -> None:
    applied = seeded(render({"pacs": [PACS]}))
    assert [m["kind"] for m in applied] == ["DicomNode", "AIModel", "StudyRoute"]
    for manifest in applied:
        KINDS[manifest["kind"]].model_validate(manifest)


def test_model_of_the_chart_is_the_one_beside_its_image() -> None:
    shipped = ROOT / "model-images/unet-meningioma/aimodel.yaml"
    assert MODEL.read_text() == shipped.read_text()


def test_results_go_to_every_node_that_may_receive() -> None:
    scanner = {**PACS, "name": "scanner", "maySend": True, "mayReceive": False}
    route = seeded(render({"pacs": [PACS, scanner]}))[-1]
    assert route["spec"]["destinations"] == [{"name": "pacs"}]


def test_dicom_leaves_the_cluster_but_the_web_port_does_not() -> None:
    values = {"ingress": {"service": {"type": "LoadBalancer", "dicomPort": 104}}}
    services = of_kind(render(values), "Service")
    assert services["meninx-ingress"]["spec"].get("type", "ClusterIP") == "ClusterIP"
    outside = services["meninx-ingress-dicom"]["spec"]
    assert [(p["name"], p["port"]) for p in outside["ports"]] == [("dicom", 104)]


def test_pods_of_jobs_reach_only_store_and_dns() -> None:
    policy = of_kind(render(), "NetworkPolicy")["meninx-inference"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in policy
    store, dns = policy["egress"]
    assert store["ports"] == [{"port": "web"}]
    assert {port["port"] for port in dns["ports"]} == {53, 5353}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        pytest.param({"colour": 1}, "additional properties 'colour'", id="top"),
        pytest.param({"ingress": {"storage": {"class": "x"}}}, "'class'", id="nested"),
        pytest.param({"pacs": [{**PACS, "ae": "X"}]}, "'ae'", id="in a list"),
        pytest.param({"pacs": [{"name": "a", "host": "h"}]}, "aeTitle", id="missing"),
        pytest.param({"ingress": {"aeTitle": "X" * 17}}, "aeTitle", id="AE title too long"),
        pytest.param({"unetMeningioma": {"route": {"priority": "Now"}}}, "priority", id="enum"),
    ],
)
def test_wrong_value_is_refused_by_name(values: dict[str, Any], why: str) -> None:
    done = template(values)
    assert done.returncode != 0
    assert why in done.stderr
