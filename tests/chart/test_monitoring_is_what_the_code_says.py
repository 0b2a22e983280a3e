import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.chart import CHART, of_kind, render, template
from tools.dashboards.operations import PATH, document
from tools.metrics_page import ingress_rows, operator_rows

ROOT = Path(__file__).parents[2]
RULES = CHART / "alerts/meninx.yaml"
METRIC = re.compile(r"\b(meninx_[a-z_]+)")
OPERATOR = {"monitoring": {"prometheusOperator": "Always", "labels": {"release": "p"}}}


def alerts() -> dict[str, dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def panels() -> Iterator[dict[str, Any]]:
    yield from (one for one in json.loads(PATH.read_text())["panels"] if one["type"] != "row")


def known() -> set[str]:
    """Return every name under which Prometheus keeps one of our metrics."""
    names: set[str] = set()
    for row in (*operator_rows(), *ingress_rows()):
        parts = ("_bucket", "_sum", "_count") if row.type == "histogram" else ("",)
        names |= {row.name + part for part in parts}
    return names


def test_dashboard_is_the_generated_one() -> None:
    assert PATH.read_text() == document()


def test_each_query_asks_for_metrics_that_there_are() -> None:
    asked = {target["expr"] for panel in panels() for target in panel["targets"]}
    asked |= {rule["expr"] for rule in alerts().values()}
    assert {name for expr in asked for name in METRIC.findall(expr)} <= known()


def test_each_panel_says_what_it_shows_and_in_what_unit() -> None:
    for panel in panels():
        assert panel["description"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24, panel["title"]


def test_each_alert_is_explained_to_the_hospital() -> None:
    page = (ROOT / "docs/hospital/monitoring.md").read_text()
    assert re.findall(r"^\| `(Meninx\w+)`", page, re.MULTILINE) == list(alerts())
    for rule in alerts().values():
        assert set(rule["annotations"]) == {"summary", "action"}
        assert rule["labels"]["severity"] in {"critical", "warning"}


def test_config_map_holds_the_dashboard_for_the_sidecar() -> None:
    config = of_kind(render(), "ConfigMap")["meninx-dashboards"]
    assert config["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(config["data"]["meninx-operations.json"]) == json.loads(PATH.read_text())


def test_monitors_ask_the_ports_that_pods_have() -> None:
    manifests = render(OPERATOR)
    monitors = of_kind(manifests, "PodMonitor")
    for name, kind in (("meninx-operator", "Deployment"), ("meninx-ingress", "StatefulSet")):
        pod = of_kind(manifests, kind)[name]["spec"]["template"]
        spec = monitors[name]["spec"]
        assert spec["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        ports = {port["name"] for port in pod["spec"]["containers"][0]["ports"]}
        assert {endpoint["port"] for endpoint in spec["podMetricsEndpoints"]} <= ports


def test_rule_object_holds_the_alerts_with_their_templates() -> None:
    rule = of_kind(render(OPERATOR), "PrometheusRule")["meninx"]
    assert rule["metadata"]["labels"]["release"] == "p"
    assert rule["spec"] == yaml.safe_load(RULES.read_text())


@pytest.mark.parametrize(
    ("wish", "flags", "made"),
    [
        pytest.param("IfPresent", (), False, id="cluster without the operator"),
        pytest.param("IfPresent", ("-a", "monitoring.coreos.com/v1/PodMonitor"), True, id="with"),
        pytest.param("Never", ("-a", "monitoring.coreos.com/v1/PodMonitor"), False, id="unwanted"),
    ],
)
def test_monitors_come_where_the_cluster_knows_them(
    wish: str, flags: tuple[str, ...], made: bool
) -> None:
    done = template({"monitoring": {"prometheusOperator": wish}}, *flags)
    assert ("kind: PodMonitor" in done.stdout) is made, done.stderr


def test_prometheus_elsewhere_is_let_in_by_name() -> None:
    values = {"monitoring": {"prometheusNamespace": "watchers"}}
    policy = of_kind(render(values), "NetworkPolicy")["meninx-ingress"]["spec"]
    (web,) = (rule for rule in policy["ingress"] if rule["ports"] == [{"port": "web"}])
    selector = {"matchLabels": {"kubernetes.io/metadata.name": "watchers"}}
    assert {"namespaceSelector": selector} in web["from"]


@pytest.mark.parametrize("name", ["fire", "quiet"])
def test_alerts_do_what_they_are_for(name: str) -> None:
    promtool = shutil.which("promtool")
    assert promtool, "promtool is not there: make packages"
    cases = ROOT / f"tests/chart/alerts/{name}.yaml"
    done = subprocess.run(
        [promtool, "test", "rules", cases.name],
        cwd=cases.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
