import json
from pathlib import Path

import pytest
from tests.unit.local.conftest import write_model

from meninx.cli.main import main
from meninx.local.engines import EngineRow, chosen, engines_of
from meninx.local.models import find_model


def test_shipped_model_is_listed_with_engine_and_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MENINX_MODELS_DIR", raising=False)
    assert main(["models", "list"]) == 0
    said = capsys.readouterr().out
    assert "Engines for unet-meningioma on this machine:" in said
    assert "Engines for unetr-meningioma on this machine:" in said
    rows = [line.split() for line in said.splitlines() if line.startswith("  openvino")]
    assert [(row[1], row[3]) for row in rows] == [("CPU", "chosen")] * 2
    assert "Engines for example-threshold" not in said


def test_script_reads_the_engines_as_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MENINX_MODELS_DIR", raising=False)
    monkeypatch.setenv("MENINX_PRECISION", "f32")
    assert main(["models", "--json"]) == 0
    models = {facts["name"]: facts for facts in json.loads(capsys.readouterr().out)}
    assert models["unet-meningioma"]["engine"] == "openvino f32"
    assert {row["engine"] for row in models["unet-meningioma"]["engines"]} >= {"torch", "tensorrt"}
    assert models["example-threshold"]["engine"] == "-"


def test_wish_that_cannot_be_met_is_said_in_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MENINX_MODELS_DIR", raising=False)
    (row,) = engines_of(find_model("unet-meningioma"), {"MENINX_ENGINE": "abacus"})
    assert "abacus" in row.why


def test_model_of_another_kind_brings_its_own_engine(models: Path) -> None:
    write_model(models, "foreign", "")
    assert engines_of(find_model("foreign")) == ()
    assert chosen(()) == "-"


def test_chosen_engine_is_said_in_two_words() -> None:
    rows = (
        EngineRow("torch", "GPU", "f32", "no", "torch is not installed"),
        EngineRow("openvino", "CPU", "bf16", "chosen", "the CPU has amx_bf16"),
    )
    assert chosen(rows) == "openvino bf16"
