"""Reading a folder: any names, one study, one patient, and a count of what is no DICOM."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.series import SAGITTAL, mr_series, mr_slice, write_series

from meninx.base.errors import BadInput, NotFound, Rejected
from meninx.imaging.nifti import volume_from_stack
from meninx.resources.reasons import Reason
from meninx.steps.folder import read_study
from meninx.steps.source import read_source


def test_files_are_found_whatever_their_names_and_folders(tmp_path: Path) -> None:
    for number, path in enumerate(write_series(mr_series(6), tmp_path / "a")):
        path.rename(tmp_path / "a" / ["IM0001", "x.ima", "y.DCM", "z", "1.2.3.4", "5.jpg"][number])
    other = mr_series(4, orientation=SAGITTAL, SeriesInstanceUID="2.25.99", SeriesNumber=1)
    write_series(other, tmp_path / "b" / "c")
    study = read_study(tmp_path)
    assert [(one.number, len(one.files)) for one in study.series] == [("1", 4), ("3", 6)]
    assert study.skipped == 0


def test_other_files_are_skipped_and_counted(tmp_path: Path) -> None:
    write_series(mr_series(3), tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty").touch()
    (tmp_path / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM" + b"junk")
    (tmp_path / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM\x02\x00\x10\x00UI\xff\xff1.2")
    assert read_study(tmp_path).skipped == 3


def test_bare_data_sets_without_preamble_are_read(tmp_path: Path) -> None:
    for path in write_series(mr_series(3), tmp_path):
        raw = path.read_bytes()
        path.write_bytes(raw[raw.index(b"\x08\x00\x08\x00CS") :])
    study = read_study(tmp_path)
    assert study.skipped == 0
    source = read_source(study.series[0].files)
    assert volume_from_stack(source.stack, source.datasets).shape == (8, 8, 3)


def test_one_file_is_a_study_too(tmp_path: Path) -> None:
    (path,) = write_series([mr_slice()], tmp_path)
    assert read_study(path).series[0].files == (path,)


def test_folder_of_several_studies_is_refused(tmp_path: Path) -> None:
    for uid in ("2.25.1", "2.25.2"):
        write_series(mr_series(2, StudyInstanceUID=uid, SeriesInstanceUID=uid), tmp_path / uid)
    with pytest.raises(BadInput, match="2 studies: give the folder of one"):
        read_study(tmp_path)


@pytest.mark.parametrize(
    ("second", "conflict"),
    [
        ({"PatientID": "MNX-0002"}, True),
        ({"PatientID": "MNX-0001 "}, False),
        ({"IssuerOfPatientID": "B"}, True),
        ({"IssuerOfPatientID": None}, False),
    ],
    ids=["other patient", "padding", "other issuer", "no issuer"],
)
def test_images_of_two_patients_are_refused(
    second: dict[str, Any], conflict: bool, tmp_path: Path
) -> None:
    write_series(mr_series(2, IssuerOfPatientID="A"), tmp_path / "1")
    attributes: dict[str, Any] = {"IssuerOfPatientID": "A", **second}
    write_series(mr_series(2, origin_lps=(0, 0, 2), **attributes), tmp_path / "2")
    if not conflict:
        assert len(read_study(tmp_path).series[0].files) == 4
        return
    with pytest.raises(Rejected) as refused:
        read_study(tmp_path)
    assert refused.value.reason == Reason.PATIENT_CONFLICT
    assert "MNX" not in str(refused.value)


def test_folder_without_dicom_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(BadInput, match="holds no DICOM object"):
        read_study(tmp_path)
    with pytest.raises(NotFound):
        read_study(tmp_path / "absent")
