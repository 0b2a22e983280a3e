import json
import shutil
from pathlib import Path

import pytest
from tests.unit.models.volumes import write_pairs

from meninx_models.config import Data, Split
from meninx_models.data.layouts import DataUnusable
from meninx_models.data.pairs import Looked
from meninx_models.data.report import measure
from meninx_models.data.splits import NAMES, draw_splits


def _looked(case: str, subject: str, *, pixels: str = "", lesion_ml: float = 1.0) -> Looked:
    return Looked(
        case, subject, f"f-{case}", pixels or f"p-{case}", (32, 32, 32), (1.0, 1.0, 1.0), "RAS",
        (0.0, 0.0, 1.0, 2.0, 3.0), (0, 1), lesion_ml, int(lesion_ml > 0),
    )  # fmt: skip


COHORT = [_looked(f"{n:03}-{visit}", f"{n:03}") for n in range(40) for visit in range(1 + n % 3)]


@pytest.mark.parametrize("seed", range(8))
def test_all_visits_of_a_subject_are_in_one_split(seed: int) -> None:
    splits = draw_splits(COHORT, Split(), seed)
    subjects = [{case[:3] for case in splits[name]} for name in NAMES]
    assert sum(map(len, subjects)) == len(set().union(*subjects)) == 40
    assert [len(part) for part in subjects] == [32, 4, 4]


def test_seed_alone_decides_who_is_where() -> None:
    assert draw_splits(COHORT, Split(), 3) == draw_splits(COHORT[::-1], Split(), 3)
    assert draw_splits(COHORT, Split(), 3) != draw_splits(COHORT, Split(), 4)


def test_same_picture_under_two_names_stays_together() -> None:
    twins = [_looked(f"a{n}", f"a{n}", pixels=f"p{n}") for n in range(20)]
    twins += [_looked(f"b{n}", f"b{n}", pixels=f"p{n}") for n in range(20)]
    splits = draw_splits(twins, Split(), 1)
    for cases in splits.values():
        assert {case[1:] for case in cases if case[0] == "a"} == {
            c[1:] for c in cases if c[0] == "b"
        }


def test_healthy_and_ill_are_dealt_out_apart() -> None:
    cohort = [_looked(str(n), str(n), lesion_ml=float(n % 4 > 0)) for n in range(40)]
    for cases in draw_splits(cohort, Split(train=0.5, validation=0.2, test=0.3), 5).values():
        healthy = sum(int(case) % 4 == 0 for case in cases)
        assert healthy == len(cases) / 4


def test_each_split_has_a_lesion_to_find() -> None:
    cohort = [_looked(str(n), str(n), lesion_ml=float(n < 3)) for n in range(9)]
    for cases in draw_splits(cohort, Split(), 2).values():
        assert any(int(case) < 3 for case in cases)
    with pytest.raises(DataUnusable, match="2 subjects have a lesion: three"):
        draw_splits(cohort[1:], Split(), 2)


def _given(data: Path, **splits: list[str]) -> Path:
    (data / "splits.json").write_text(json.dumps(splits))
    return data


def test_given_splits_are_kept(tmp_path: Path) -> None:
    wanted = {"train": ["sub-00", "sub-01"], "validation": ["sub-02"], "test": ["sub-03"]}
    data = _given(write_pairs(tmp_path / "data", 6), **wanted)
    assert measure(data, Data(), 1).splits == {k: tuple(v) for k, v in wanted.items()}


LEAKS = {
    "a case": (["sub-00", "sub-01"], ["sub-01"], "case sub-01 is in train and validation"),
    "nobody": (["sub-00"], [], "nobody is in validation"),
    "a stranger": (["sub-00"], ["sub-77"], "sub-77"),
}


@pytest.mark.parametrize(("train", "validation", "why"), LEAKS.values(), ids=LEAKS)
def test_given_splits_that_are_wrong_are_refused(
    tmp_path: Path, train: list[str], validation: list[str], why: str
) -> None:
    data = write_pairs(tmp_path / "data", 6)
    with pytest.raises(DataUnusable, match=why):
        measure(_given(data, train=train, validation=validation, test=["sub-04"]), Data(), 1)


def test_copy_of_a_picture_in_another_split_is_a_leak(tmp_path: Path) -> None:
    data = write_pairs(tmp_path / "data", 6)
    for side in ("images", "labels"):
        shutil.copy(data / side / "sub-00.nii.gz", data / side / "copy.nii.gz")
    _given(data, train=["sub-00", "sub-01"], validation=["sub-02"], test=["copy"])
    with pytest.raises(DataUnusable, match="the picture of copy is in train and test"):
        measure(data, Data(), 1)


def test_visits_in_two_given_splits_are_a_leak(tmp_path: Path) -> None:
    data = write_pairs(tmp_path / "data", 6)
    for side in ("images", "labels"):
        for old, new in (("sub-00", "sub-01_ses-1"), ("sub-01", "sub-01_ses-2")):
            (data / side / f"{old}.nii.gz").rename(data / side / f"{new}.nii.gz")
    _given(data, train=["sub-01_ses-1"], validation=["sub-02"], test=["sub-01_ses-2"])
    with pytest.raises(DataUnusable, match="subject sub-01 is in train and test"):
        measure(data, Data(), 1)
