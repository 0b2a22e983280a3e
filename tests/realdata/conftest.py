"""`meninx prepare` on real series, for a model whose selector the test states."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.realdata.packages import CACHE, fetch
from tests.support.make import aimodel, channel

from meninx.cli.main import main

_MPRAGE = """
import sys, types
from pathlib import Path
sys.modules["openneuro"] = types.ModuleType("openneuro")  # it would download; nothing here asks it to
sys.path.insert(0, sys.argv[1])
from medimages4tests.dummy.dicom.mri.t1w.siemens.skyra.syngo_d13c import get_image
get_image(out_dir=Path(sys.argv[2]))
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: Path
    said: str
    complaint: str

    def document(self, name: str) -> dict[str, Any]:
        """Return a JSON file that it wrote."""
        read: dict[str, Any] = json.loads((self.out / name).read_text())
        return read


Prepare = Callable[..., Ended]


@pytest.fixture
def prepare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Prepare:
    """Run `meninx prepare` for a model with a selector; any series of 8 slices by default."""

    def run(study: Path, *more: str, **selector: Any) -> Ended:
        folder = tmp_path / "models" / "tried"
        folder.mkdir(parents=True, exist_ok=True)
        manifest = aimodel("tried", channels=[channel("t1c", **selector)])
        (folder / "aimodel.yaml").write_text(yaml.safe_dump(manifest))
        (folder / "model.py").touch()
        monkeypatch.setenv("MENINX_MODELS_DIR", str(folder.parent))
        out = tmp_path / "out"
        code = main(["prepare", str(study), str(out), "--model", "tried", *more])
        said = capsys.readouterr()
        return Ended(code, out, said.out, said.err)

    return run


@pytest.fixture(scope="session")
def mprage() -> Path:
    """192 sagittal slices: the header of a real Siemens MPRAGE, dummy pixels."""
    folder = CACHE / "mprage"
    if not folder.is_dir():
        part = CACHE / f".mprage.{os.getpid()}"
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            _MPRAGE,
            str(fetch("medimages4tests")),
            str(part),
        ]
        subprocess.run(command, check=True, timeout=120)
        part.rename(folder)
    return folder


@pytest.fixture(scope="session")
def exam() -> Path:
    """15 series of one real head exam (Siemens Aera), pixels all zero, descriptions removed."""
    data = fetch("dcm-classifier") / "tests/testing_data/anonymized_testing_data"
    return data / "anonymized_data"


@pytest.fixture(scope="session")
def nicom() -> Path:
    """nibabel's DICOM samples."""
    return fetch("nibabel") / "nibabel/nicom/tests/data"
