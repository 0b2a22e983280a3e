"""What `meninx evaluate` and `meninx compare` start."""

import json
from pathlib import Path

import pytest
from tests.unit.models.torch_tier.fitting import Fitted

from meninx_models.__main__ import main

pytestmark = pytest.mark.torch


def _measure(fitted: Fitted, data: Path, out: Path, *words: str) -> int:
    weights = str(fitted.out / "weights")
    return main(["measure", "--weights", weights, "--data", str(data), "--out", str(out), *words])


def test_exported_graph_scores_as_the_network_did(
    fitted: Fitted, tiny: Path, tmp_path: Path
) -> None:
    splits = (fitted.out / "splits.json").read_text()
    data = tmp_path / "data"
    data.mkdir()
    for side in ("images", "labels"):
        (data / side).symlink_to(tiny / side)
    (data / "splits.json").write_text(splits)
    assert _measure(fitted, data, tmp_path, "--split", "test") == 0
    found = json.loads((tmp_path / "evaluation.json").read_text())
    trained = json.loads((fitted.out / "metrics.json").read_text())
    assert found["quality"] == pytest.approx(trained["quality"], abs=0.01)
    assert [head["seed"] for head in found["heads"]] == json.loads(splits)["test"]


def test_split_without_splits_is_refused(
    fitted: Fitted, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _measure(fitted, tiny, tmp_path, "--split", "test") == 65
    assert "no splits.json" in capsys.readouterr().err


def test_comparison_is_a_table_and_a_figure(
    fitted: Fitted, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = str(fitted.out / "metrics.json")
    assert main(["compare", metrics, metrics, "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.startswith("# Comparison of models")
    assert (tmp_path / "out" / "comparison.png").read_bytes().startswith(b"\x89PNG")
    content = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert [model["name"] for model in content["models"]] == ["trained 1.0.0", "trained 1.0.0 (2)"]
