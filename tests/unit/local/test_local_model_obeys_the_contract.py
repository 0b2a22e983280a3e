"""Models as processes: what they are told, and what their endings mean."""

import json
from pathlib import Path

import pytest
from tests.support.results import slices
from tests.support.series import write_series
from tests.unit.local.conftest import write_model

from meninx.base.errors import MeninxError, Rejected, Unavailable
from meninx.cli.main import main
from meninx.local.model_process import run_model
from meninx.local.models import find_model
from meninx.steps.workspace import Workspace

TELL = """
import json, os, pathlib
told = {key: value for key, value in os.environ.items() if key.startswith("MENINX")}
(pathlib.Path(os.environ["MENINX_OUTPUT"]) / "result.json").write_text(json.dumps(told))
"""
NAN = """
import os, nibabel, numpy
nan = nibabel.Nifti1Image(numpy.full((4, 4, 4), numpy.nan, "f4"), numpy.eye(4))
nibabel.save(nan, os.environ["MENINX_OUTPUT"] + "/segmentation.nii")
"""


def ending(models: Path, tmp_path: Path, script: str, **spec: object) -> MeninxError:
    write_model(models, "odd", script, **spec)
    with pytest.raises(MeninxError) as caught:
        run_model(find_model("odd"), Workspace.under(tmp_path / "work"))
    return caught.value


@pytest.mark.parametrize(
    ("code", "reason"),
    [(65, "InputNotForModel"), (66, "NotFinite"), (1, "ModelFailed"), (137, "ModelFailed")],
    ids=str,
)
def test_exit_code_of_the_model_is_a_reason(
    models: Path, tmp_path: Path, code: int, reason: str
) -> None:
    error = ending(models, tmp_path, f"import sys; print('why', file=sys.stderr); sys.exit({code})")
    assert isinstance(error, Rejected)
    assert error.reason == reason
    assert f"ended with code {code}: why" in error.message


def test_model_that_asks_for_another_try_is_unavailable(models: Path, tmp_path: Path) -> None:
    assert isinstance(ending(models, tmp_path, "raise SystemExit(75)"), Unavailable)


def test_model_that_hangs_is_stopped(models: Path, tmp_path: Path) -> None:
    error = ending(models, tmp_path, "import time; time.sleep(60)", timeoutSeconds=1)
    assert isinstance(error, Rejected)
    assert error.reason == "TimedOut"


def test_model_is_told_its_folders_and_no_more(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MENINX_TOKEN_FILE", "secret")
    monkeypatch.setenv("MENINX_SOURCE", "images")
    write_model(models, "tell", TELL)
    workspace = Workspace.under(tmp_path / "work")
    run_model(find_model("tell"), workspace)
    told = json.loads((workspace.output / "result.json").read_text())
    assert set(told) == {"MENINX_INPUT", "MENINX_OUTPUT", "MENINX_MODELS_DIR"}


def test_result_that_is_no_number_ends_the_run_as_not_finite(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_model(models, "nan", NAN)
    write_series(slices((8, 8, 6)), tmp_path / "study")
    code = main(["run", "--model", "nan", "--out", str(tmp_path / "o"), str(tmp_path / "study")])
    assert code == 65
    assert "NotFinite" in capsys.readouterr().err
