import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import yaml
from tests.unit.models.heads import RAS, head

from meninx.resources.aimodel import AIModel
from meninx.steps import contract as operators
from meninx_models import contract
from meninx_models.__main__ import main

MODELS = Path(__file__).parents[3] / "model-images"
UNET = MODELS / "unet-meningioma"
Folders = tuple[Path, Path]


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    target.mkdir()
    monkeypatch.setenv(contract.INPUT_ENV, str(source))
    monkeypatch.setenv(contract.OUTPUT_ENV, str(target))
    monkeypatch.setenv("INFERENCE_NUM_THREADS", "1")
    return source, target


def _give(folders: Folders, values: Any) -> None:
    nibabel.save(nibabel.Nifti1Image(values, RAS), folders[0] / "t1c.nii")


def _run() -> int:
    return main(["run", "--config", str(UNET / "config.yaml")])


def test_both_sides_know_the_same_contract() -> None:
    assert (contract.INPUT_ENV, contract.OUTPUT_ENV) == (operators.INPUT, operators.OUTPUT)
    assert contract.WEIGHTS_ENV == operators.WEIGHTS
    assert contract.STUDY_ENV == operators.STUDY
    assert contract.EXIT_NOT_FOR_MODEL == operators.Exit.REJECTED
    assert contract.EXIT_NOT_FINITE == operators.Exit.NOT_FINITE
    assert contract.SEGMENTATION_FILE in operators.SEGMENTATION_FILES
    assert contract.RESULT_FILE == operators.RESULT_FILE


def test_model_answers_on_the_inputs_grid(folders: Folders) -> None:
    values = head()[0]
    _give(folders, values)
    assert _run() == 0
    answer = nibabel.load(folders[1] / "segmentation.nii")
    assert answer.shape == values.shape
    assert np.allclose(answer.affine, RAS)
    result = json.loads((folders[1] / "result.json").read_text())
    voxels = int((np.asarray(answer.dataobj) == 1).sum())
    assert result["measurements"]["meningioma"]["volume_ml"] == pytest.approx(voxels * 0.008)


def test_model_as_a_later_step_reads_what_was_fetched(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _give(folders, head()[0])
    before = tmp_path / "before"
    before.mkdir()
    (before / "result.json").write_text("{}")
    monkeypatch.setenv(contract.INPUT_ENV, str(before))
    monkeypatch.setenv(contract.STUDY_ENV, str(folders[0]))
    assert _run() == 0
    assert (folders[1] / "segmentation.nii").is_file()


def test_brought_weights_run_and_are_named_by_their_own_digest(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _give(folders, head()[0])
    brought = tmp_path / "other.onnx"
    # a field that no reader of the format knows, at the end: another file, the same graph
    brought.write_bytes((UNET / "weights" / "model.onnx").read_bytes() + b"\xd2\x3e\x01x")
    monkeypatch.setenv(contract.WEIGHTS_ENV, str(brought))
    assert _run() == 0
    ran = json.loads((folders[1] / "result.json").read_text())["model"]["sha256"]
    assert ran == hashlib.sha256(brought.read_bytes()).hexdigest()


BROKEN = {
    "NaN": (np.where(np.arange(96)[:, None, None] == 40, np.nan, head()[0]), 66, "NotFinite"),
    "no signal": (np.zeros((96, 96, 96), np.float32), 65, "InputNotForModel"),
    "a slab": (np.ones((96, 96, 12), np.float32), 65, "InputNotForModel"),
}


@pytest.mark.parametrize(("values", "code", "reason"), BROKEN.values(), ids=BROKEN)
def test_refusal_has_its_code_and_reason(
    folders: Folders, values: Any, code: int, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _give(folders, values.astype(np.float32))
    assert _run() == code
    failure = json.loads((folders[1] / "result.json").read_text())["failure"]
    assert failure["reason"] == reason
    assert reason in capsys.readouterr().err
    assert not (folders[1] / "segmentation.nii").exists()


@pytest.mark.parametrize("content", [None, b"no nifti at all"], ids=["missing", "unreadable"])
def test_missing_or_unreadable_channel_is_refused(folders: Folders, content: bytes | None) -> None:
    if content is not None:
        (folders[0] / "t1c.nii").write_bytes(content)
    assert _run() == 65


def test_running_needs_no_training_library() -> None:
    code = (
        "import sys, meninx_models.infer.run; "
        "print({'torch', 'monai', 'pydantic', 'yaml', 'meninx'} & set(sys.modules))"
    )
    environment = os.environ | {"PYTHONPATH": str(MODELS)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=False
    )
    assert done.stdout.decode().strip() == "set()", done.stderr


MADE = ("unet-meningioma", "unetr-meningioma", "example-threshold", "example-headmask")


@pytest.mark.parametrize("name", MADE)
def test_manifest_is_a_valid_model(name: str) -> None:
    manifest = yaml.safe_load((MODELS / name / "aimodel.yaml").read_text())
    model = AIModel.model_validate(manifest)
    assert model.metadata.name == name
    assert [channel.name for channel in model.spec.channels] == [contract.CHANNEL]


@pytest.mark.parametrize("name", ["unet-meningioma", "unetr-meningioma"])
def test_manifest_names_the_shipped_weights(name: str) -> None:
    graph = MODELS / name / "weights" / "model.onnx"
    digest = hashlib.sha256(graph.read_bytes()).hexdigest()
    manifest = yaml.safe_load((MODELS / name / "aimodel.yaml").read_text())
    assert manifest["spec"]["weights"]["sha256"] == digest
    assert json.loads((graph.parent / "model.json").read_text())["sha256"] == digest
    assert graph.stat().st_size < 20_000_000


def test_threshold_example_marks_500_and_above(folders: Folders) -> None:
    values = np.arange(1000, dtype=np.float32).reshape(10, 10, 10)
    _give(folders, values)
    script = [sys.executable, str(MODELS / "example-threshold" / "model.py")]
    assert subprocess.run(script, check=False).returncode == 0
    answer = np.asarray(nibabel.load(folders[1] / "segmentation.nii").dataobj)
    assert np.array_equal(answer > 0, values >= 500)
    _give(folders, np.full((4, 4, 4), np.nan, np.float32))
    assert subprocess.run(script, check=False).returncode == 66


def test_engine_never_phones_home() -> None:
    code = (
        "import sys, meninx_models.infer.engine; "
        "print([name for name in sys.modules if name.startswith('openvino_telemetry.')])"
    )
    environment = os.environ | {"PYTHONPATH": str(MODELS)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.stdout.decode().strip() == "[]", done.stderr
    pinned = (UNET / "requirements.txt").read_text()
    assert "telemetry" not in pinned
