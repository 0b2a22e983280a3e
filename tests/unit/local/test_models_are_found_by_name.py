"""`meninx models`: what is found is listed; what is not is said with the remedy."""

import json
from pathlib import Path

import pytest
from tests.unit.local.conftest import write_model

from meninx.base.errors import BadInput, NotFound
from meninx.cli.main import main
from meninx.local.models import find_model, find_models


def test_list_shows_version_image_and_weights(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_model(models, "weighty", "", weights={"sha256": "ab" * 32})
    assert main(["models"]) == 0
    said = capsys.readouterr().out
    assert "threshold" in said
    assert "abababababab" in said
    assert "1.0.0" in said


def test_script_reads_the_list_as_json(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models.is_dir()
    assert main(["models", "--json"]) == 0
    (facts,) = json.loads(capsys.readouterr().out)
    assert facts["name"] == "threshold"
    assert facts["labels"] == ["Meningioma"]


@pytest.mark.usefixtures("models")
def test_unknown_name_lists_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--model", "unicorn", "."]) != 0
    assert "found: threshold" in capsys.readouterr().err


def test_missing_folder_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENINX_MODELS_DIR", "/nowhere")
    with pytest.raises(NotFound, match="MENINX_MODELS_DIR"):
        find_models()


def test_wrong_manifest_is_named(models: Path) -> None:
    (models / "threshold" / "aimodel.yaml").write_text("kind: AIModel\nspec: {}\n")
    with pytest.raises(BadInput, match=r"threshold/aimodel\.yaml"):
        find_model("threshold")


def test_model_with_nothing_to_start_is_named(models: Path) -> None:
    (models / "threshold" / "model.py").unlink()
    with pytest.raises(BadInput, match="nothing to start"):
        find_model("threshold")


def test_network_model_is_started_by_its_config(models: Path) -> None:
    folder = write_model(models, "network", "")
    (folder / "model.py").unlink()
    (folder / "config.yaml").write_text("preset: unet\n")
    command = find_model("network").command
    assert command[1:] == ("-m", "meninx_models", "run", "--config", str(folder / "config.yaml"))


def test_models_of_the_repository_can_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MENINX_MODELS_DIR", raising=False)
    found = {model.name: model for model in find_models()}
    assert {"example-threshold", "unet-meningioma"} <= set(found)
    assert found["example-threshold"].command[-1].endswith("example-threshold/model.py")
    assert found["unet-meningioma"].task_model().weights_sha256
