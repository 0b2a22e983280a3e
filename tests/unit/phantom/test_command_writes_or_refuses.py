import json
from pathlib import Path

import numpy as np
import pytest

from meninx.base.errors import BadInput
from meninx.cli import phantom as command
from meninx.cli.main import main
from meninx.phantom import pool
from meninx.phantom.simulate import Phantom
from meninx.phantom.template import Template


@pytest.fixture
def _made(monkeypatch: pytest.MonkeyPatch, phantom: Phantom, template: Template) -> None:
    monkeypatch.setattr(command, "load_template", lambda: template)
    monkeypatch.setattr(command, "Kind", lambda: pool.Kind(lambda: template))
    monkeypatch.setattr(command, "simulate", lambda *_args, **_asked: phantom)
    monkeypatch.setattr(pool, "draw_phantom", lambda *_args: phantom)


@pytest.mark.usefixtures("_made")
def test_command_writes_series_truth_and_facts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["phantom", "--seed", "3", "--out", str(tmp_path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts == json.loads((tmp_path / "phantom.json").read_text())
    assert len(list((tmp_path / "dicom").glob("*.dcm"))) == facts["images"]
    assert (tmp_path / "truth.nii.gz").is_file()
    assert (tmp_path / "truth.seg.dcm").is_file()
    assert facts["lesions"][0]["volume_ml"] > 0


@pytest.mark.usefixtures("_made")
def test_pool_goes_on_where_it_stopped(tmp_path: Path) -> None:
    (tmp_path / "101.npz").write_bytes(b"kept")
    assert main(["phantom", "--seed", "100", "--arrays", "3", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "101.npz").read_bytes() == b"kept"
    with np.load(tmp_path / "102.npz") as arrays:
        assert arrays["image"].shape == arrays["truth"].shape
        assert json.loads(str(arrays["facts"]))["seed"] == 3


def test_several_processes_make_the_heads_of_their_seeds(tmp_path: Path) -> None:
    made = list(pool.write_pool(tmp_path, range(100000, 100002), pool.Kind(), processes=2))
    assert [path.name for path in made] == ["100000.npz", "100001.npz"]
    for path in made:
        with np.load(path) as arrays:
            assert json.loads(str(arrays["facts"]))["seed"] == int(path.stem)


def test_no_processes_at_all_are_refused(tmp_path: Path) -> None:
    asked = ["phantom", "--seed", "1", "--arrays", "1", "--processes", "0", "--out", str(tmp_path)]
    assert main(asked) != 0


@pytest.mark.parametrize("text", ["big", "1..5", "30..20", "20..80", ""])
def test_impossible_lesion_sizes_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match="--lesion-mm"):
        command.lesion_range(text)


def test_lesion_sizes_are_a_range_or_a_number() -> None:
    assert command.lesion_range("20..45").high_mm == 45
    assert command.lesion_range("12").low_mm == command.lesion_range("12").high_mm == 12


@pytest.mark.parametrize(
    "words",
    [["--seed", "-1"], ["--seed", "1", "--spacing", "1,1"], ["--seed", "1", "--spacing", "1,1,90"]],
    ids=["negative-seed", "two-spacings", "huge-spacing"],
)
@pytest.mark.usefixtures("_made")
def test_nonsense_is_bad_input(words: list[str], tmp_path: Path) -> None:
    assert main(["phantom", "--out", str(tmp_path), *words]) == BadInput.exit_code
