from pathlib import Path
from typing import Any

import pytest
from tests.support.fake_kube import FakeKube

from meninx.base.errors import BadInput
from meninx.cli.apply import apply_all, read

NAMESPACE = "meninx"


def _node(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "meninx.io/v1alpha1",
        "kind": "DicomNode",
        "metadata": {"name": name},
        "spec": {"aeTitle": "PACS", "host": "pacs.test"},
    }


def test_node_is_applied_into_the_namespace() -> None:
    api = FakeKube()
    assert apply_all(api, NAMESPACE, [_node("pacs")], prune=False) == ["applied DicomNode pacs"]
    assert api.names("DicomNode") == ["pacs"]


def test_applying_twice_leaves_one_node() -> None:
    api = FakeKube()
    for _ in range(2):
        apply_all(api, NAMESPACE, [_node("pacs")], prune=True)
    assert api.names("DicomNode") == ["pacs"]


def test_node_that_is_no_longer_named_is_removed() -> None:
    api = FakeKube()
    apply_all(api, NAMESPACE, [_node("old"), _node("pacs")], prune=True)
    done = apply_all(api, NAMESPACE, [_node("pacs")], prune=True)
    assert done == ["applied DicomNode pacs", "removed DicomNode old"]
    assert api.names("DicomNode") == ["pacs"]


def test_node_made_by_a_person_is_left_alone() -> None:
    api = FakeKube()
    api.add({**_node("own"), "metadata": {"name": "own", "namespace": NAMESPACE}})
    apply_all(api, NAMESPACE, [], prune=True)
    assert api.names("DicomNode") == ["own"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param(
            "kind: Secret\n", "only DicomNode, AIModel, AIPipeline, StudyRoute", id="other kind"
        ),
        pytest.param("- a\n", "only DicomNode", id="not an object"),
        pytest.param("a: [", "can't be read as YAML", id="not YAML"),
    ],
)
def test_file_of_something_else_is_refused(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "resources.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=why):
        read(path)
