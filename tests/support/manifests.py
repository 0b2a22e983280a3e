"""Every manifest of ours that people may copy: examples, models, and the YAML of the documentation."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from meninx.resources.meta import API_VERSION

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


def _texts() -> Iterator[tuple[str, str]]:
    for path in sorted([*ROOT.glob("examples/*.yaml"), *ROOT.glob("model-images/*/aimodel.yaml")]):
        yield str(path.relative_to(ROOT)), path.read_text()
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("model-images/**/*.md")]
    for path in sorted(pages):
        for number, block in enumerate(_BLOCK.findall(path.read_text()), start=1):
            yield f"{path.relative_to(ROOT)} block {number}", block


def shown() -> dict[str, dict[str, Any]]:
    """Return each whole manifest of our group by where it stands."""
    found: dict[str, dict[str, Any]] = {}
    for place, text in _texts():
        for document in yaml.safe_load_all(text):
            if isinstance(document, dict) and document.get("apiVersion") == API_VERSION:
                found[f"{place}: {document['kind']} {document['metadata']['name']}"] = document
    return found
