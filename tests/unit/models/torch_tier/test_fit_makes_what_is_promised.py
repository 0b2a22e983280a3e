"""The training contract: what a pod that trains finds, writes and says."""

import json
from pathlib import Path

import openvino
import pytest
import yaml
from tests.unit.models.torch_tier.fitting import Fitted, fit_here, write_plan

from meninx_models.config import Plan
from meninx_models.infer.artefact import sha256_of

pytestmark = pytest.mark.torch


def test_plan_and_data_report_are_written_first(tmp_path: Path, tiny: Path) -> None:
    plan = write_plan(tmp_path, loss={"name": "dice"}, optimiser={"name": "sgd", "rate": 1e30})
    done = fit_here(plan, tiny, tmp_path / "out")
    assert done.returncode == 66
    assert "NotFinite: " in done.stderr
    assert {"plan.resolved.yaml", "data-report.json"} <= {p.name for p in done.out.iterdir()}
    assert not (done.out / "weights").exists()


def test_resolved_plan_spells_out_every_field(fitted: Fitted) -> None:
    written = yaml.safe_load((fitted.out / "plan.resolved.yaml").read_text())
    assert set(written) == set(Plan.model_fields)
    assert written["schedule"] == {"name": "cosine", "warm_up_epochs": 2, "last_share": 0.02}


def test_each_epoch_is_one_line_of_json(fitted: Fitted) -> None:
    lines = [json.loads(line) for line in fitted.stdout.splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4]
    for line in lines:
        assert set(line) == {"epoch", "epochs", "loss", "dice", "bestDice", "etaSeconds"}
    assert lines[-1]["etaSeconds"] == 0
    assert lines[-1]["loss"] < lines[0]["loss"]


def test_end_names_weights_and_quality(fitted: Fitted) -> None:
    end = json.loads(fitted.termination.read_text())
    assert end["sha256"] == sha256_of(fitted.out / end["weights"])
    distances = {"averageHausdorffMm", "hd95Mm"}
    voxels = {"dice", "sensitivity", "specificity"}
    assert set(end["quality"]) == {"heads", "dataset"} | voxels | distances
    report = json.loads((fitted.out / "data-report.json").read_text())
    assert end["quality"]["dataset"] == report["sha256"]["test"]
    assert end["quality"]["heads"] == len(report["splits"]["test"])


def test_run_that_has_ended_says_its_end_again(fitted: Fitted, tiny: Path, tmp_path: Path) -> None:
    said = fitted.termination.read_text()
    (tmp_path / "end").touch()
    done = fit_here(write_plan(tmp_path), tiny, fitted.out, tmp_path / "end")
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "end").read_text() == said


def test_held_out_heads_are_those_of_the_test_split(fitted: Fitted) -> None:
    metrics = json.loads((fitted.out / "metrics.json").read_text())
    splits = json.loads((fitted.out / "splits.json").read_text())
    assert [head["seed"] for head in metrics["heads"]] == splits["test"]
    assert len(metrics["training"]["history"]) == 4
    assert set(metrics["summary"]) == {"dice", "recall"}


def test_graph_that_is_written_runs_on_an_engine(fitted: Fitted) -> None:
    model = openvino.Core().read_model(fitted.out / "weights" / "model.onnx")
    assert {name for output in model.outputs for name in output.names} == {"logits", "probability"}
    facts = json.loads((fitted.out / "weights" / "input.json").read_text())
    assert facts == {
        "kind": "grid",
        "spacing_mm": 1.0,
        "shape": [32, 32, 32],
        "percentiles": [1.0, 99.9],
    }


def test_card_says_what_it_was_trained_on(fitted: Fitted) -> None:
    card = (fitted.out / "MODEL_CARD.md").read_text()
    assert card.startswith("# Model card: trained 1.0.0\n\n**Not a medical device.**")
    assert "12 cases of 12 subjects, laid out as pairs" in card
    assert "32 x 32 x 32 voxels of 1 mm" in card
    assert json.loads(fitted.termination.read_text())["sha256"] in card
    assert "| all | 1 | 1 |" in card


def test_curves_and_logs_lie_beside(fitted: Fitted) -> None:
    assert (fitted.out / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert list((fitted.out / "tensorboard").glob("events.out.tfevents.*"))
