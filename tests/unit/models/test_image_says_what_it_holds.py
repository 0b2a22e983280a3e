import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import sbom

STATUS = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u10
Description: GNU C Library
 with lines: that go on

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the root of an image of one package and one file of weights."""
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text(STATUS)
    (tmp_path / "opt/model/weights").mkdir(parents=True)
    (tmp_path / "opt/model/weights/model.onnx").write_bytes(b"weights")
    return tmp_path


def _named(bill: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in bill["components"]}


def test_installed_packages_are_listed_and_removed_ones_are_not(root: Path) -> None:
    named = _named(sbom.bill(root, []))
    assert named["libc6"]["purl"] == "pkg:deb/debian/libc6@2.36-9+deb12u10?arch=amd64"
    assert "gone" not in named


@pytest.mark.rule("traceable")
def test_weights_are_listed_by_their_digest(root: Path) -> None:
    found = _named(sbom.bill(root, []))["/opt/model/weights/model.onnx"]
    digest = "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c"
    assert found["type"] == "machine-learning-model"
    assert found["hashes"] == [{"alg": "SHA-256", "content": digest}]


def test_distributions_of_python_are_listed_once(root: Path) -> None:
    every = sbom.bill(root, [*sys.path, *sys.path])["components"]
    references = [one["bom-ref"] for one in every]
    assert len(references) == len(set(references))
    assert any(one.startswith("pkg:pypi/numpy@") for one in references)


def test_script_needs_nothing_but_python_on_its_standard_input() -> None:
    script = Path(sbom.__file__).read_bytes()
    done = subprocess.run(
        [sys.executable, "-I", "-"], input=script, capture_output=True, check=True
    )
    assert json.loads(done.stdout)["bomFormat"] == "CycloneDX"
