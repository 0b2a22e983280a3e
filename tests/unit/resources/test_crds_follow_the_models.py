import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from meninx.base.errors import BadInput
from meninx.cli.crds import run
from meninx.cli.main import main
from meninx.resources.crd import DEFINITIONS, all_manifests

ROOT = Path(__file__).parents[3]
CHART = ROOT / "charts/meninx/templates/crds.yaml"
PLURALS = [definition.plural for definition in DEFINITIONS]
FORBIDDEN = {"$ref", "$defs", "anyOf", "oneOf", "const", "title"}


def _schema(plural: str) -> dict[str, Any]:
    (version,) = all_manifests()[plural]["spec"]["versions"]
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return schema


def _nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from _nodes(part, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _nodes(schema[key], f"{path}[]")


def test_generated_files_are_what_the_models_say() -> None:
    assert main(["crds", "--out", str(ROOT / "crds"), "--chart", str(CHART), "--check"]) == 0


def test_stale_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    folder = tmp_path / "crds"
    assert main(["crds", "--out", str(folder)]) == 0
    (folder / "aimodels.yaml").write_text("old")
    with pytest.raises(BadInput, match=r"aimodels\.yaml: run make generate"):
        _check(folder)


def test_forgotten_file_counts_as_stale(tmp_path: Path) -> None:
    folder = tmp_path / "crds"
    assert main(["crds", "--out", str(folder)]) == 0
    (folder / "ghosts.yaml").write_text("left over")
    with pytest.raises(BadInput, match=r"ghosts\.yaml"):
        _check(folder)


def _check(folder: Path) -> None:
    run(argparse.Namespace(out=folder, chart=None, check=True))


@pytest.mark.parametrize("plural", PLURALS)
def test_every_field_has_a_sentence_for_explain(plural: str) -> None:
    silent = [
        path
        for path, node in _nodes(_schema(plural))
        if not path.startswith(".metadata")
        and not path.endswith("[]")
        and not node.get("description")
    ]
    assert silent == []


@pytest.mark.parametrize("plural", PLURALS)
def test_schema_is_structural_and_typed(plural: str) -> None:
    for path, node in _nodes(_schema(plural)):
        assert node.get("type"), path
        assert not FORBIDDEN & node.keys(), path
        assert node.get("default", 0) is not None, path


@pytest.mark.parametrize("plural", PLURALS)
def test_conditions_are_a_map_by_type(plural: str) -> None:
    status = _schema(plural)["properties"]["status"]["properties"]
    assert status["conditions"]["x-kubernetes-list-map-keys"] == ["type"]


@pytest.mark.parametrize("plural", PLURALS)
def test_every_time_of_the_status_is_a_date(plural: str) -> None:
    for path, node in _nodes(_schema(plural)["properties"]["status"]):
        name = path.rpartition(".")[2]
        if name.endswith("At") or name.endswith("Time") or name == "time":
            assert node["format"] == "date-time", path


@pytest.mark.parametrize("plural", PLURALS)
def test_status_is_a_subresource_of_each_kind(plural: str) -> None:
    (version,) = all_manifests()[plural]["spec"]["versions"]
    assert version["subresources"] == {"status": {}}


def test_short_names_and_category_are_the_published_ones() -> None:
    names = {m["spec"]["names"]["kind"]: m["spec"]["names"] for m in all_manifests().values()}
    assert {kind: n["shortNames"] for kind, n in names.items()} == {
        "AIModel": ["aim"],
        "AIPipeline": ["aip"],
        "DicomNode": ["dn"],
        "InferenceJob": ["ij"],
        "StudyRoute": ["sr"],
        "TrainingJob": ["tj"],
    }
    assert all(n["categories"] == ["meninx"] for n in names.values())


def test_every_rule_says_what_is_wrong() -> None:
    for plural in PLURALS:
        for path, node in _nodes(_schema(plural)):
            for rule in node.get("x-kubernetes-validations", []):
                assert len(rule["message"]) > 20, path


def test_crds_of_the_chart_are_kept_on_uninstall() -> None:
    text = CHART.read_text()
    body = "\n".join(line for line in text.splitlines() if not line.startswith("{{"))
    manifests = [m for m in yaml.safe_load_all(body) if m]
    assert len(manifests) == len(PLURALS)
    for manifest in manifests:
        assert manifest["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
