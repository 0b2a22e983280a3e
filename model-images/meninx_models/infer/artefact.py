"""The exported model as it lies in the image: the graph, and the facts needed to run it."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

GRAPH_FILE = "model.onnx"
FACTS_FILE = "model.json"


@dataclass(frozen=True)
class Facts:
    """What belongs to one export of one set of weights."""

    name: str
    version: str
    preset: str
    millimetres: int
    threshold: float
    least_component_ml: float
    sha256: str


def sha256_of(path: Path) -> str:
    """Return the digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_facts(folder: Path) -> Facts:
    """Read the facts of an export. Raises TypeError when they are of another version."""
    return Facts(**json.loads((folder / FACTS_FILE).read_text()))


def write_facts(folder: Path, facts: Facts) -> None:
    """Write the facts beside the graph."""
    (folder / FACTS_FILE).write_text(json.dumps(asdict(facts), indent=2) + "\n")
