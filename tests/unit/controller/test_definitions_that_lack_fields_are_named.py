import copy
from typing import Any

import pytest

from meninx.controller.schema import Lacking, lacking, lacking_fields, open_api
from meninx.kube.kinds import AIMODEL, INFERENCEJOB, Kind
from meninx.resources.crd import all_manifests


class Installed:
    """The definitions of a cluster, as a test left them."""

    def __init__(self) -> None:
        self.definitions = copy.deepcopy(all_manifests())

    def get(self, kind: Kind, namespace: str | None, name: str) -> dict[str, Any] | None:
        return self.definitions.get(name.partition(".")[0])

    def spec(self, plural: str) -> dict[str, Any]:
        root: dict[str, Any] = dict(open_api(self.definitions[plural], "v1alpha1"))
        spec: dict[str, Any] = root["properties"]["spec"]
        return spec


def test_definitions_of_this_version_lack_nothing() -> None:
    assert lacking(Installed()) == Lacking()
    assert Lacking().sentence() == ""


def test_field_that_an_older_definition_lacks_is_named() -> None:
    installed = Installed()
    del installed.spec("aimodels")["properties"]["concurrency"]
    found = lacking(installed)
    assert found.fields == ("AIModel.spec.concurrency",)
    assert found.has(AIMODEL, "spec.concurrency")
    assert not found.has(INFERENCEJOB, "spec.concurrency")
    assert "AIModel.spec.concurrency" in found.sentence()
    assert "Upgrade the chart" in found.sentence()


def test_definition_that_is_absent_is_named_whole() -> None:
    installed = Installed()
    del installed.definitions["aipipelines"]
    found = lacking(installed)
    assert found.fields == ("AIPipeline",)


def test_definition_without_our_version_lacks_its_first_fields() -> None:
    installed = Installed()
    installed.definitions["aimodels"]["spec"]["versions"][0]["name"] = "v1alpha0"
    assert "AIModel.spec" in lacking(installed).fields


@pytest.mark.parametrize(
    ("needed", "installed", "paths"),
    [
        ({"properties": {"a": {}}}, {"properties": {"a": {}, "b": {}}}, []),
        ({"properties": {"a": {}}}, {}, ["a"]),
        ({"properties": {"a": {}}}, {"x-kubernetes-preserve-unknown-fields": True}, []),
        (
            {"properties": {"a": {"properties": {"b": {}, "c": {}}}}},
            {"properties": {"a": {"properties": {"c": {}}}}},
            ["a.b"],
        ),
        (
            {"properties": {"a": {"items": {"properties": {"b": {}}}}}},
            {"properties": {"a": {"items": {"properties": {}}}}},
            ["a[].b"],
        ),
    ],
    ids=["more-is-fine", "empty", "takes-all", "deep", "in-a-list"],
)
def test_schemas_are_compared_by_their_properties(
    needed: dict[str, Any], installed: dict[str, Any], paths: list[str]
) -> None:
    assert list(lacking_fields(needed, installed)) == paths
