"""What an image holds, as CycloneDX 1.6 JSON: Debian's packages, Python's, weights by digest.

Runs inside the image, with its own Python and nothing else, so it needs no tool beside the container engine:

    docker run --rm -i --network none --entrypoint python3 IMAGE - < sbom.py > sbom.json
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

Component = dict[str, Any]

ROOT = Path("/")
WEIGHTS = (".onnx", ".pt", ".safetensors")


def debian(root: Path) -> Iterator[Component]:
    """Yield the installed packages that dpkg knows."""
    status = root / "var/lib/dpkg/status"
    paragraphs = status.read_text().split("\n\n") if status.is_file() else []
    for paragraph in paragraphs:
        said = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line[1:])
        if said.get("Status", "").endswith(" installed"):
            name, version = said["Package"], said["Version"]
            reference = f"pkg:deb/debian/{name}@{version}?arch={said['Architecture']}"
            yield component("library", name, version, purl=reference)


def python(places: list[str]) -> Iterator[Component]:
    """Yield the distributions on the path, each once."""
    known = set()
    for found in metadata.distributions(path=places):
        name, version = found.metadata["Name"], found.version
        key = name.lower().replace("_", "-")
        if key not in known:
            known.add(key)
            yield component("library", name, version, purl=f"pkg:pypi/{key}@{version}")


def weights(root: Path) -> Iterator[Component]:
    """Yield the files of weights under /opt, by their digest."""
    for path in sorted((root / "opt").rglob("*")):
        if path.suffix in WEIGHTS and path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            place = f"/{path.relative_to(root)}"
            hashes = [{"alg": "SHA-256", "content": digest}]
            yield component("machine-learning-model", place, digest[:12], hashes=hashes)


def component(type_: str, name: str, version: str, **facts: Any) -> Component:
    """Return one component of the bill."""
    reference = facts.get("purl", f"{type_}:{name}")
    return {"type": type_, "bom-ref": reference, "name": name, "version": version, **facts}


def bill(root: Path, places: list[str]) -> dict[str, Any]:
    """Return the whole bill; the same for the same image."""
    every = [*debian(root), *python(places), *weights(root)]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "components": sorted(every, key=lambda one: str(one["bom-ref"])),
    }


if __name__ == "__main__":
    json.dump(bill(ROOT, sys.path), sys.stdout, indent=1)
