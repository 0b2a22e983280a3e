"""`meninx train`, `evaluate` and `compare` start the training environment's Python; no torch here."""

import sys
from pathlib import Path

import pytest

from meninx.cli.main import main
from meninx.local import training

SAYS = "#!{python}\nimport os, sys\nprint(' '.join(sys.argv[1:]), os.environ['PYTHONPATH'])\nsys.exit(7)\n"


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python that says how it was called, and ends with 7."""
    path = tmp_path / "python"
    path.write_text(SAYS.format(python=sys.executable))
    path.chmod(0o755)
    monkeypatch.setenv(training.PYTHON, str(path))
    return path


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "data" / "images").mkdir(parents=True)
    (tmp_path / "weights").mkdir()
    for name in ("plan.yaml", "a.json", "b.json", "weights/model.onnx"):
        (tmp_path / name).touch()
    return tmp_path


COMMANDS = {
    "train": ("--plan {f}/plan.yaml --data {f}/data --out {f}/out", "-m meninx_models fit --plan"),
    "evaluate": (
        "--weights {f}/weights --data {f}/data --out {f}/out --split test",
        "-m meninx_models measure --weights",
    ),
    "compare": ("{f}/a.json {f}/b.json --out {f}/out", "-m meninx_models compare"),
}


@pytest.mark.parametrize(
    ("name", "words", "wanted"), [(k, *v) for k, v in COMMANDS.items()], ids=COMMANDS
)
def test_command_is_handed_on_with_its_exit_code(
    python: Path, files: Path, capfd: pytest.CaptureFixture[str], name: str, words: str, wanted: str
) -> None:
    assert main([name, *words.format(f=files).split()]) == 7
    said = capfd.readouterr().out
    assert said.startswith(wanted)
    assert said.rstrip().endswith("model-images")


@pytest.mark.parametrize(("name", "words"), [(k, v[0]) for k, v in COMMANDS.items()], ids=COMMANDS)
def test_missing_environment_says_how_to_make_it(
    files: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    name: str, words: str,
) -> None:  # fmt: skip
    monkeypatch.setenv(training.PYTHON, str(files / "nothing"))
    assert main([name, *words.format(f=files).split()]) == 66
    assert "run `make .cache/venv-train/.made`" in capfd.readouterr().err


def test_several_processes_are_started_by_torchrun(
    python: Path, files: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = COMMANDS["train"][0].format(f=files).split()
    assert main(["train", *words, "--processes", "2"]) == 7
    assert "torch.distributed.run --standalone --nproc-per-node 2 -m" in capfd.readouterr().out


WRONG = {
    "no plan": (
        "train",
        "--plan {f}/no.yaml --data {f}/data --out {f}/o",
        "no.yaml does not exist",
    ),
    "no weights": ("evaluate", "--weights {f} --data {f}/data --out {f}/o", "no model.onnx"),
    "one model": ("compare", "{f}/a.json --out {f}/o", "one alone"),
    "no evaluation": ("compare", "{f}/a.json {f}/c.json --out {f}/o", "not there: "),
}


@pytest.mark.parametrize(("name", "words", "why"), WRONG.values(), ids=WRONG)
def test_wrong_arguments_are_named_before_anything_starts(
    python: Path, files: Path, capfd: pytest.CaptureFixture[str], name: str, words: str, why: str
) -> None:
    assert main([name, *words.format(f=files).split()]) == 65
    assert why in capfd.readouterr().err
