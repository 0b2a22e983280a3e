"""The commands of "Bring your own model in ten minutes", as they stand there, for a copy of the example."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from meninx.cli.main import main

MODELS = Path(__file__).resolve().parents[2] / "model-images"
PLACEHOLDER = "your-model"


def commands() -> list[list[str]]:
    """Return the meninx commands of the guide, in order, without the comments."""
    guide = (MODELS / "README.md").read_text().split("## Bring your own")[1].split("\n## ")[0]
    lines = re.findall(r"^ +(meninx .*)$", guide, re.MULTILINE)
    return [shlex.split(line, comments=True)[1:] for line in lines]


def test_commands_of_the_guide_end_in_a_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = tmp_path / "models" / PLACEHOLDER
    shutil.copytree(MODELS / "example-threshold", copied)
    manifest = copied / "aimodel.yaml"
    manifest.write_text(manifest.read_text().replace("name: example-threshold", "name: your-model"))
    monkeypatch.setenv("MENINX_MODELS_DIR", str(copied.parent))
    monkeypatch.chdir(tmp_path)
    assert [words[0] for words in commands()] == ["phantom", "prepare", "run"]
    for words in commands():
        assert main(words) == 0
    assert list((tmp_path / "prepared").rglob("t1c.nii"))
    assert (tmp_path / "out" / "sr.dcm").is_file()
