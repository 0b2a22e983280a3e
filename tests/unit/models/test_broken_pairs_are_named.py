"""What is wrong with a pair is said before anything is trained."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
import pytest
from tests.unit.models.volumes import write_pairs

from meninx_models.__main__ import main
from meninx_models.config import Data, resolve
from meninx_models.data.layouts import DataUnusable, find_cases
from meninx_models.data.prepared import prepare
from meninx_models.data.report import measure

ONE = "sub-02.nii.gz"
Values = npt.NDArray[np.float32]


def _change(folder: Path, side: str, change: Callable[[Values], Values]) -> None:
    path = folder / side / ONE
    image = nibabel.load(path)
    values = change(np.asarray(image.dataobj, dtype=np.float32).copy())
    nibabel.save(nibabel.Nifti1Image(values, image.affine), path)


def _move(folder: Path) -> None:
    path = folder / "labels" / ONE
    image = nibabel.load(path)
    affine = image.affine.copy()
    affine[0, 3] += 3
    nibabel.save(nibabel.Nifti1Image(np.asarray(image.dataobj), affine), path)


def _with(values: Values, value: float) -> Values:
    values[3, 4, 5] = value
    return values


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no label": (lambda f: (f / "labels" / ONE).unlink(), "LabelMissing"),
    "no image": (lambda f: (f / "images" / ONE).unlink(), "ImageMissing"),
    "no NIfTI": (lambda f: (f / "images" / ONE).write_bytes(b"nothing"), "Unreadable"),
    "cut off": (
        lambda f: os.truncate(f / "images" / ONE, (f / "images" / ONE).stat().st_size // 2),
        "Unreadable",
    ),
    "empty file": (lambda f: (f / "labels" / ONE).write_bytes(b""), "Unreadable"),
    "other shape": (lambda f: _change(f, "labels", lambda v: v[1:]), "ShapeMismatch"),
    "other place": (_move, "AffineMismatch"),
    "two volumes": (lambda f: _change(f, "images", lambda v: np.stack([v, v], 3)), "NotOneVolume"),
    "NaN": (lambda f: _change(f, "images", lambda v: _with(v, np.nan)), "NotFinite"),
    "no signal": (lambda f: _change(f, "images", lambda v: v * 0), "Empty"),
    "label of 7": (lambda f: _change(f, "labels", lambda v: _with(v, 7)), "LabelNotAllowed"),
    "label of a half": (lambda f: _change(f, "labels", lambda v: _with(v, 0.5)), "LabelNotAllowed"),
    "label of NaN": (lambda f: _change(f, "labels", lambda v: _with(v, np.nan)), "LabelNotAllowed"),
}


@pytest.mark.parametrize(("breaks", "reason"), BROKEN.values(), ids=BROKEN)
def test_broken_pair_is_refused_by_name(
    tmp_path: Path, breaks: Callable[[Path], object], reason: str
) -> None:
    data = write_pairs(tmp_path / "data", 6)
    breaks(data)
    with pytest.raises(DataUnusable, match=f"1 of 6 pairs(.|\n)*sub-02: {reason}"):
        measure(data, Data(), 1)
    skipped = measure(data, Data(broken="skip"), 1)
    assert [problem.reason for problem in skipped.problems] == [reason]
    assert "sub-02" not in {case for cases in skipped.splits.values() for case in cases}


def test_all_broken_pairs_are_told_at_once(tmp_path: Path) -> None:
    data = write_pairs(tmp_path / "data", 6)
    for name in ("sub-01", "sub-04"):
        (data / "labels" / f"{name}.nii.gz").unlink()
    with pytest.raises(DataUnusable, match=r"2 of 6(.|\n)*sub-01: (.|\n)*sub-04: "):
        measure(data, Data(), 1)


def test_study_that_made_no_pair_is_broken_too(tmp_path: Path) -> None:
    data = write_pairs(tmp_path / "data", 6)
    gone = {"case": "sub-09", "reason": "MissingSlices", "message": "a gap"}
    (data / "sources.json").write_text(json.dumps({"cases": {}, "broken": [gone]}))
    with pytest.raises(DataUnusable, match=r"1 of 7 pairs(.|\n)*sub-09: MissingSlices: a gap"):
        measure(data, Data(), 1)
    skipped = measure(data, Data(broken="skip"), 1)
    assert [problem.case for problem in skipped.problems] == ["sub-09"]
    assert len(skipped.looked) == 6


def test_torn_list_of_sources_is_said(tmp_path: Path) -> None:
    data = write_pairs(tmp_path / "data", 6)
    (data / "sources.json").write_text("{")
    with pytest.raises(DataUnusable, match=r"sources\.json of the data set can't be read"):
        measure(data, Data(), 1)


def test_folder_without_data_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(DataUnusable, match="give images/ and labels/"):
        measure(tmp_path, Data(), 1)


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Path], int]:
    def start(plan: str, data: Path) -> int:
        (tmp_path / "plan.yaml").write_text(plan)
        (tmp_path / "end").touch()
        monkeypatch.setenv("MENINX_PLAN", str(tmp_path / "plan.yaml"))
        monkeypatch.setenv("MENINX_DATA", str(data))
        monkeypatch.setenv("MENINX_OUTPUT", str(tmp_path / "out"))
        monkeypatch.setenv("MENINX_TERMINATION_LOG", str(tmp_path / "end"))
        return main(["fit"])

    return start


@pytest.mark.rule("no-patient-in-the-control-plane")
def test_unusable_data_end_a_pod_with_65_and_their_names_stay_where_they_lie(
    tmp_path: Path, started: Callable[[str, Path], int], capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_pairs(tmp_path / "data", 6)
    (data / "labels" / ONE).unlink()
    assert started("preset: quick", data) == 65
    failure = json.loads((tmp_path / "end").read_text())["failure"]
    assert failure["reason"] == "DataNotUsable"
    assert "1 of 6 pairs can't be used (1 LabelMissing)" in failure["message"]
    assert "refused.txt" in failure["message"]
    said = capsys.readouterr()
    assert "sub-02" not in failure["message"] + said.out + said.err
    assert "sub-02: LabelMissing" in (tmp_path / "out/refused.txt").read_text()


def test_unusable_data_are_named_to_a_person(
    tmp_path: Path,
    started: Callable[[str, Path], int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = write_pairs(tmp_path / "data", 6)
    (data / "labels" / ONE).unlink()
    monkeypatch.setattr("meninx_models.train.planning.in_pod", lambda: False)
    assert started("preset: quick", data) == 65
    assert "sub-02: LabelMissing" in capsys.readouterr().err


def test_unusable_plan_ends_a_pod_with_65(
    tmp_path: Path, started: Callable[[str, Path], int]
) -> None:
    assert started("learning_rate: 1", write_pairs(tmp_path / "data", 6)) == 65
    failure = json.loads((tmp_path / "end").read_text())["failure"]
    assert failure["reason"] == "PlanUnusable"
    assert "learning_rate" in failure["message"]


def test_file_that_changed_since_the_report_is_refused(
    tmp_path: Path,
) -> None:
    data = write_pairs(tmp_path / "data", 6)
    plan = resolve({"preset": "quick", "input": {"kind": "grid", "shape": [32, 32, 32]}})
    measured = measure(data, plan.data, 1)
    case = next(case for case in find_cases(data)[1] if case.name == "sub-02")
    _change(data, "images", lambda v: v + 1)
    looked = next(item for item in measured.looked if item.case == "sub-02")
    with pytest.raises(DataUnusable, match=r"changed since the data report.*: sub-02"):
        prepare(tmp_path / "prepared", plan, measured.labels, [(case, looked)])
