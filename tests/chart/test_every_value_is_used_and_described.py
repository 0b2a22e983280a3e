import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from tests.support.chart import CHART, PACS, render, seeded
from tools.chart_readme import readme, rows

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
NOT_RENDERED = {"pacs"}

OTHER: dict[str, Any] = {
    "image": "registry.test/other:1",
    "imagePullPolicy": "Always",
    "imagePullSecrets": ["pull"],
    "logLevel": "DEBUG",
    "crds.install": False,
    "keys.existingSecret": "mine",
    "networkPolicies.enabled": False,
    "monitoring.dashboards.enabled": False,
    "monitoring.dashboards.labels": {"a": "b"},
    "monitoring.prometheusOperator": "Always",
    "monitoring.labels": {"release": "prometheus"},
    "monitoring.prometheusNamespace": "monitoring",
    "weights.egress": [{"cidr": "10.1.2.3/32"}],
    "weights.egress[].cidr": "10.9.9.9/32",
    "weights.egress[].port": 8443,
    "operator.replicas": 3,
    "operator.resources": {"limits": {"memory": "1Gi"}},
    "operator.nodeSelector": {"a": "b"},
    "operator.tolerations": [{"key": "a", "operator": "Exists"}],
    "queue.preempt": True,
    "queue.patienceSeconds": 5,
    "queue.countRoom": False,
    "priorityClasses.enabled": False,
    "priorityClasses.create": False,
    "priorityClasses.preemptionPolicy": "PreemptLowerPriority",
    "priorityClasses.control.name": "first",
    "priorityClasses.control.value": 99,
    "priorityClasses.stat.name": "now",
    "priorityClasses.stat.value": 9,
    "priorityClasses.urgent.name": "soon",
    "priorityClasses.urgent.value": 8,
    "priorityClasses.routine.name": "later",
    "priorityClasses.routine.value": 7,
    "priorityClasses.training.name": "last",
    "priorityClasses.training.value": 6,
    "gpu.product": "OTHER",
    "ingress.aeTitle": "OTHER",
    "ingress.quietSeconds": 3,
    "ingress.maxAssociations": 3,
    "ingress.knownSendersOnly": True,
    "ingress.service.type": "NodePort",
    "ingress.service.annotations": {"a": "b"},
    "ingress.service.dicomPort": 104,
    "ingress.storage.size": "1Ti",
    "ingress.storage.className": "fast",
    "ingress.terminationGracePeriodSeconds": 5,
    "ingress.resources": {"limits": {"memory": "1Gi"}},
    "ingress.nodeSelector": {"a": "b"},
    "ingress.tolerations": [{"key": "a", "operator": "Exists"}],
    "pacs": [PACS],
    "pacs[].name": "other",
    "pacs[].aeTitle": "OTHER",
    "pacs[].host": "other.test",
    "pacs[].port": 105,
    "pacs[].maySend": True,
    "pacs[].mayReceive": False,
    "unetMeningioma.enabled": False,
    "unetMeningioma.image": "registry.test/unet:1",
    "unetMeningioma.version": "9",
    "unetMeningioma.weightsSha256": "0" * 64,
    "unetMeningioma.gpuCount": 0,
    "unetMeningioma.cpu": "7",
    "unetMeningioma.memory": "7Gi",
    "unetMeningioma.route.enabled": False,
    "unetMeningioma.route.quietSeconds": 3,
    "unetMeningioma.route.priority": "Stat",
    "unetMeningioma.route.destinations": ["other"],
}


def _nested(path: str, value: Any) -> dict[str, Any]:
    if path.startswith("weights.egress[]."):
        entry = {"cidr": "10.1.2.3/32", path.removeprefix("weights.egress[]."): value}
        return {"weights": {"egress": [entry]}}
    if path.startswith("pacs[]."):
        return {"pacs": [{**PACS, path.removeprefix("pacs[]."): value}]}
    for part in reversed(path.split(".")):
        value = {part: value}
    return dict(value)


def _rendered(values: dict[str, Any]) -> str:
    manifests = render({"keys": {"existingSecret": "fixed"}, **values})
    return json.dumps([manifests, seeded(manifests)], sort_keys=True)


def _base(path: str) -> dict[str, Any]:
    """Return the values without the change; some count only beside others."""
    if path.startswith("pacs[]."):
        return {"pacs": [PACS]}
    if path.startswith("weights.egress[]."):
        return {"weights": {"egress": [{"cidr": "10.1.2.3/32"}]}}
    if path == "ingress.service.annotations":
        return {"ingress": {"service": {"type": "NodePort"}}}
    if path == "monitoring.labels":
        return {"monitoring": {"prometheusOperator": "Always"}}
    return {}


def _merged(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in change.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _merged(base[key], value) if both else value
    return merged


@pytest.mark.parametrize("path", [name for name, _, _ in rows(SCHEMA, VALUES)])
def test_changed_value_changes_what_is_installed(path: str) -> None:
    base = _base(path)
    assert _rendered(base) != _rendered(_merged(base, _nested(path, OTHER[path])))


def _objects(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        if schema.get("properties"):
            yield path, schema
        for key, part in schema.items():
            yield from _objects(part, f"{path}/{key}")


def test_schema_is_closed_and_described_everywhere() -> None:
    for path, part in _objects(SCHEMA):
        assert part["additionalProperties"] is False, path
        for name, value in part["properties"].items():
            assert value.get("description") or "$ref" in value, f"{path}/{name}"


def test_values_and_schema_name_the_same() -> None:
    def compare(schema: dict[str, Any], values: dict[str, Any]) -> None:
        assert set(values) == set(schema["properties"]) - {"global"}
        for name, value in values.items():
            if "properties" in schema["properties"][name]:
                compare(schema["properties"][name], value)

    compare(SCHEMA, VALUES)


def test_readme_holds_the_table_of_values() -> None:
    assert (CHART / "README.md").read_text() == readme()
