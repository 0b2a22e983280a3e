"""Every manifest of ours in the documents is one that the API server takes as it is."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.make import NAMESPACE

from meninx.kube.client import KubeApi
from meninx.kube.errors import from_response
from meninx.kube.kinds import AIMODEL, AIPIPELINE, DICOMNODE, INFERENCEJOB, STUDYROUTE, TRAININGJOB
from meninx.resources.meta import API_VERSION

pytestmark = [pytest.mark.api, pytest.mark.timeout(120)]
ROOT = Path(__file__).parents[2]
KINDS = {
    kind.kind: kind
    for kind in (AIMODEL, AIPIPELINE, DICOMNODE, INFERENCEJOB, STUDYROUTE, TRAININGJOB)
}
BLOCK = re.compile(r"```ya?ml\n(.*?)```", re.DOTALL)


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield where it stands, and each manifest of our group in documents and examples."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    texts = [(page, text) for page in pages for text in BLOCK.findall(page.read_text())]
    for folder in ("examples", "model-images"):
        texts += [(path, path.read_text()) for path in sorted((ROOT / folder).rglob("*.yaml"))]
    for path, text in texts:
        if API_VERSION not in text:
            continue
        for number, document in enumerate(yaml.safe_load_all(text)):
            if isinstance(document, dict) and document.get("apiVersion") == API_VERSION:
                name = document["metadata"].get("name", number)
                yield f"{path.relative_to(ROOT)}:{document['kind']}/{name}", document


FOUND = list(documents())


@pytest.mark.parametrize("manifest", [given for _, given in FOUND], ids=[name for name, _ in FOUND])
def test_manifest_is_taken_without_a_warning(api: KubeApi, manifest: dict[str, Any]) -> None:
    kind = KINDS[manifest["kind"]]
    manifest = {**manifest, "metadata": {**manifest["metadata"], "namespace": NAMESPACE}}
    query = {"fieldValidation": "Strict", "dryRun": "All"}
    answer = api._send("POST", kind.path(NAMESPACE), kind.kind, query=query, body=manifest)
    if answer.status != 201:
        raise from_response(answer.status, answer.data, kind.kind)
    assert answer.headers.get("Warning") is None


def test_documents_of_models_are_among_them() -> None:
    assert sum("docs/models/aimodel.md" in name for name, _ in FOUND) == 3
