"""A folder of models written for the tests, and studies for them."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.make import aimodel, channel

REPOSITORY = Path(__file__).parents[3]
THRESHOLD = REPOSITORY / "model-images" / "example-threshold" / "model.py"


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of models, with the example's own script in it."""
    folder = tmp_path / "models"
    write_model(folder, "threshold", THRESHOLD.read_text())
    monkeypatch.setenv("MENINX_MODELS_DIR", str(folder))
    return folder


def write_model(folder: Path, name: str, script: str, **spec: Any) -> Path:
    """Write a model of one channel with its script; keywords replace fields of its spec."""
    made = folder / name
    made.mkdir(parents=True, exist_ok=True)
    manifest = aimodel(name, **({"channels": [channel(minSlices=5)], "weights": None} | spec))
    (made / "aimodel.yaml").write_text(yaml.safe_dump(manifest))
    (made / "model.py").write_text(script)
    return made
