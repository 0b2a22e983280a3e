"""The exported model as it lies in the image: the graph, and the facts needed to run it."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

GRAPH_FILE = "model.onnx"
FACTS_FILE = "model.json"
INPUT, LOGITS, PROBABILITY = "window", "logits", "probability"
"""The graph's names: (n, 1, x, y, z) at 1 mm in, the same shape out."""


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
    window: tuple[int, int, int] | None = None
    """What the graph takes at once, in voxels; None: any size that 16 divides."""
    contrast: str | None = None
    """`gadolinium`: a head in which nothing enhances is refused; None: any head is taken."""


def sha256_of(path: Path) -> str:
    """Return the digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_facts(folder: Path) -> Facts:
    """Read the facts of an export. Raises TypeError when they are of another version."""
    content = json.loads((folder / FACTS_FILE).read_text())
    window = content.pop("window", None)
    return Facts(**content, window=None if window is None else (window[0], window[1], window[2]))


def write_facts(folder: Path, facts: Facts) -> None:
    """Write the facts beside the graph."""
    (folder / FACTS_FILE).write_text(json.dumps(asdict(facts), indent=2) + "\n")
