"""`meninx prepare`: the files of a model's input, and the choice with its reasons."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.identity import leaks
from tests.support.make import aimodel, channel
from tests.support.series import mr_series, write_series

from meninx.cli.main import main


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "models" / "tried"
    folder.mkdir(parents=True)
    selector = {
        "require": {"all": [{"attribute": "Series.Contrast", "equals": "true"}]},
        "minSlices": 8,
    }
    manifest = aimodel("tried", channels=[channel("t1c", **selector)])
    (folder / "aimodel.yaml").write_text(yaml.safe_dump(manifest))
    (folder / "model.py").touch()
    monkeypatch.setenv("MENINX_MODELS_DIR", str(folder.parent))


@pytest.fixture
def study(tmp_path: Path) -> Path:
    plain: dict[str, Any] = {
        "SeriesInstanceUID": "2.25.8",
        "SeriesNumber": 2,
        "SeriesDescription": "t1 native",
    }
    write_series(mr_series(20, **plain), tmp_path / "study" / "a")
    write_series(mr_series(12, SeriesDescription="t1 gd"), tmp_path / "study" / "b")
    (tmp_path / "study" / "readme").write_text("x")
    return tmp_path / "study"


def _prepare(study: Path, *more: str) -> int:
    return main(["prepare", str(study), str(study.parent / "out"), "--model", "tried", *more])


@pytest.mark.usefixtures("models")
def test_person_is_told_the_series_and_why_not_the_other(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _prepare(study) == 0
    said = capsys.readouterr().out
    assert "1 files are no DICOM" in said
    assert "t1c: series 3 't1 gd', 12 images" in said
    assert "not 2 't1 native', 20 images: RequirementNotMet" in said
    assert {path.name for path in (study.parent / "out").iterdir()} == {
        "choice.json",
        "study.json",
        "t1c.nii",
    }


@pytest.mark.usefixtures("models")
def test_script_gets_the_same_as_json(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _prepare(study, "--json") == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    (chosen,) = said["choice"]["channels"]
    assert chosen["passedOver"][0]["series"] == "2.25.8"
    assert said["choice"]["filesSkipped"] == 1
    assert said["study"]["channels"][0]["shape"] == [8, 8, 12]
    assert leaks(json.dumps(said)) == []


@pytest.mark.usefixtures("models")
def test_refusal_is_one_line_and_still_says_why(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (study / "b").iterdir():
        path.unlink()
    assert _prepare(study) == 65
    assert capsys.readouterr().err.startswith("meninx prepare: NoSeriesMatches: channel t1c")
    out = study.parent / "out"
    assert [path.name for path in out.iterdir()] == ["choice.json"]
    (channel_,) = json.loads((out / "choice.json").read_text())["channels"]
    assert channel_["reason"] == "NoSeriesMatches"
