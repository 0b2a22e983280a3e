import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from tests.unit.models.volumes import SIZE, volume, write_pairs

from meninx_models.config import Data, GridInput
from meninx_models.data.layouts import find_cases, read_pair
from meninx_models.data.prepared import on_grid
from meninx_models.data.report import measure, read_report, report_text, write_report


def _brats(folder: Path) -> Path:
    for number in range(4):
        for visit in range(2 if number == 0 else 1):
            name = f"BraTS-MEN-{number:05}-{visit:03}"
            (folder / name).mkdir(parents=True)
            signal, label = volume(10 * number + visit, healthy=False)
            parts = label * np.uint8(3)
            parts[:4] = 2  # oedema: not of the lesion
            for part, values in (("t1c", signal), ("seg", parts), ("t2f", signal)):
                image = nibabel.Nifti1Image(values, np.diag([-1.0, -1.0, 1.0, 1.0]))
                nibabel.save(image, folder / name / f"{name}-{part}.nii.gz")
    return folder


def _arrays(folder: Path) -> Path:
    folder.mkdir()
    for seed in range(4):
        signal, label = volume(seed, healthy=False)
        np.savez(folder / f"{seed}.npz", image=signal, truth=label > 0, affine_ras=np.eye(4))
    return folder


def test_brats_visits_are_of_one_subject(tmp_path: Path) -> None:
    layout, cases = find_cases(_brats(tmp_path / "data"))
    assert layout.name == "brats"
    assert {case.subject for case in cases} == {f"BraTS-MEN-{n:05}" for n in range(4)}
    assert len(cases) == 5


def test_brats_oedema_is_not_of_the_lesion(tmp_path: Path) -> None:
    measured = measure(_brats(tmp_path / "data"), Data(), 1)
    assert {item.labels for item in measured.looked} == {(0, 2, 3)}
    truth = float(volume(0, healthy=False)[1][4:].sum()) / 1000
    assert measured.looked[0].lesion_ml == pytest.approx(truth, abs=1e-3)


def test_pool_of_phantoms_is_a_data_set(tmp_path: Path) -> None:
    measured = measure(_arrays(tmp_path / "data"), Data(), 1)
    assert measured.layout == "arrays"
    assert [item.case for item in measured.looked] == ["0", "1", "2", "3"]


NAMES = {
    "sub-01_ses-02": "sub-01",
    "MNX-0001": "MNX-0001",
    "MNX-0001_visit-2": "MNX-0001",
    "case_7": "case_7",
}


@pytest.mark.parametrize(("name", "subject"), NAMES.items(), ids=NAMES)
def test_session_is_no_part_of_the_subject(tmp_path: Path, name: str, subject: str) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / f"{name}.nii.gz").touch()
    assert [case.subject for case in find_cases(tmp_path)[1]] == [subject]


def test_pattern_of_the_plan_names_the_subject(tmp_path: Path) -> None:
    data = write_pairs(tmp_path / "data", 6)
    assert {c.subject for c in find_cases(data, r"^(sub)-")[1]} == {"sub"}


def test_report_that_was_written_is_read_again(tmp_path: Path) -> None:
    measured = measure(write_pairs(tmp_path / "data", 12), Data(), 1)
    write_report(tmp_path, measured)
    assert read_report(tmp_path) == measured
    content = json.loads((tmp_path / "data-report.json").read_text())
    assert content["summary"]["shapes"] == {"32x32x32": 12}
    assert content["summary"]["orientations"] == {"RAS": 12}
    assert (content["summary"]["cases"], content["summary"]["healthy"]) == (12, 2)


def test_report_tells_a_person_in_a_few_lines(tmp_path: Path) -> None:
    text = report_text(measure(write_pairs(tmp_path / "data", 12), Data(), 1))
    assert "12 cases of 12 subjects, laid out as pairs; 2 without a lesion; 0 broken." in text
    assert len(text.splitlines()) == 4


@pytest.mark.parametrize("codes", ["RAS", "LPS", "PIR"])
def test_grid_is_the_same_for_every_orientation(tmp_path: Path, codes: str) -> None:
    data = write_pairs(tmp_path / "data", 1)
    for side in ("images", "labels"):
        path = data / side / "sub-00.nii.gz"
        image = nibabel.load(path)
        turn = nibabel.orientations.axcodes2ornt(codes)
        nibabel.save(image.as_reoriented(nibabel.orientations.ornt_transform(
            nibabel.io_orientation(image.affine), turn)), path)  # fmt: skip
    pair = read_pair(find_cases(data)[1][0])
    asked = GridInput(shape=(SIZE, SIZE, SIZE), percentiles=(0.0, 100.0))
    signal, label = volume(0, healthy=False)
    image, share = on_grid(pair, pair.label, asked)
    assert np.allclose(share, label, atol=1e-4)
    assert np.allclose(image, (signal - signal.min()) / np.ptp(signal), atol=1e-4)
