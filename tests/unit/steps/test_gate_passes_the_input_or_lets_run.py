import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from meninx.base.errors import Rejected
from meninx.controller.job.container import RUN_UNLESS_MARKED
from meninx.resources.aipipeline import When
from meninx.steps.gate import Gate, mark, pass_gate

WHEN = {"step": "head", "field": "head_ml", "atLeast": 500}


def gate(folder: Path, result: Any, **replaced: Any) -> Gate:
    """Return the gate of step `lesion`, with what the earlier step `head` wrote."""
    for name in ("input", "output", "gates", "outputs/head"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "input" / "t1c.nii").write_text("a volume")
    if result is not None:
        text = result if isinstance(result, str) else json.dumps(result)
        (folder / "outputs" / "head" / "result.json").write_text(text)
    shell = folder / "busybox"
    shell.write_text("a shell")
    told = When.model_validate(replaced.get("when", WHEN))
    inside = {name: folder / name for name in ("input", "output", "outputs", "gates")}
    return Gate(step="lesion", when=told, shell=shell, **inside)


def test_step_runs_where_its_condition_holds(tmp_path: Path) -> None:
    its = gate(tmp_path, {"head_ml": 900})
    assert not pass_gate(its).skipped
    assert not mark(its.gates, "lesion").exists()
    assert not list(its.output.iterdir())
    assert (its.gates / "busybox").stat().st_mode & 0o111


@pytest.mark.parametrize("result", [{"head_ml": 20}, {}, [1], None], ids=str)
def test_input_passes_where_the_condition_fails(tmp_path: Path, result: Any) -> None:
    its = gate(tmp_path, result)
    assert pass_gate(its).skipped
    assert (its.output / "t1c.nii").read_text() == "a volume"


def test_folders_that_are_mounted_keep_their_modes(tmp_path: Path) -> None:
    its = gate(tmp_path, {})
    (its.input / "dicom").mkdir()
    (its.input / "dicom" / "one.dcm").write_text("an object")
    its.input.chmod(0o555)
    its.output.chmod(0o2777)
    assert pass_gate(its).skipped
    assert its.output.stat().st_mode & 0o7777 == 0o2777
    assert (its.output / "dicom" / "one.dcm").read_text() == "an object"


def test_second_look_at_a_gate_decides_the_same(tmp_path: Path) -> None:
    its = gate(tmp_path, {"head_ml": 20})
    assert pass_gate(its) == pass_gate(its)


def test_mark_of_an_earlier_run_does_not_stay(tmp_path: Path) -> None:
    its = gate(tmp_path, {"head_ml": 900})
    mark(its.gates, "lesion").touch()
    assert not pass_gate(its).skipped


def test_skipped_step_has_no_result_of_its_own(tmp_path: Path) -> None:
    its = gate(tmp_path, {"head_ml": 900})
    mark(its.gates, "head").touch()
    assert pass_gate(its).skipped


@pytest.mark.rule("said-plainly")
def test_result_that_is_no_json_is_a_broken_contract(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match=r"result\.json of step head is not JSON"):
        pass_gate(gate(tmp_path, "{no"))


@pytest.mark.parametrize("marked", [True, False], ids=["skipped", "run"])
def test_command_of_a_step_runs_unless_it_is_marked(tmp_path: Path, marked: bool) -> None:
    skip, made = tmp_path / "lesion.skipped", tmp_path / "made"
    if marked:
        skip.touch()
    words = ["sh", "-c", 'echo "$1" > "$0"; exit 7', str(made), "a b"]
    ended = subprocess.run(["sh", "-c", RUN_UNLESS_MARKED, skip, *words], check=False)
    assert ended.returncode == (0 if marked else 7)
    assert made.exists() is not marked
