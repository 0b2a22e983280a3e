import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest

from meninx.base.errors import BadInput
from meninx.imaging.geometry import Grid
from meninx.local.pairs import holds_dicom, wanted, write_pairs
from meninx.phantom.scanner import Acquisition
from meninx.phantom.series import slices, write_series
from meninx.phantom.simulate import Phantom
from meninx.phantom.truth import truth_seg

SHAPE = (24, 20, 8)
OBLIQUE = np.array([[0.9, 0.1, 0, -9], [-0.1, 0.9, 0, -8], [0, 0, 2.5, 4], [0, 0, 0, 1.0]])


def _phantom(seed: int) -> Phantom:
    turn = OBLIQUE.copy()
    turn[:3, :2] /= np.linalg.norm(turn[:3, :2], axis=0)
    rng = np.random.default_rng(seed)
    truth = np.zeros(SHAPE, bool)
    truth[4:9, 6:12, 2 : 4 + seed] = True
    image = (rng.uniform(0.5, 1, SHAPE) + 0.9 * truth).astype(np.float32)
    return Phantom(seed, Acquisition("axial", (1.0, 1.0, 2.5)), Grid(SHAPE, turn), image, truth, ())


def _study(folder: Path, phantom: Phantom) -> None:
    images = slices(phantom, lesions_asked=1)
    list(write_series(images, folder / "dicom"))
    truth_seg(phantom, images).save_as(folder / "truth.seg.dcm", enforce_file_format=True)


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    for seed in (1, 2):
        _study(tmp_path / "studies" / f"sub-{seed}", _phantom(seed))
    return tmp_path / "studies"


def make(studies: Path, out: Path, *segments: str, **how: bool) -> list[tuple[str, str]]:
    return list(write_pairs(studies, out, wanted(segments, **how)))


def sources(out: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((out / "sources.json").read_text())
    return read


def test_series_and_segmentation_become_a_pair(studies: Path, tmp_path: Path) -> None:
    assert [subject for subject, _ in make(studies, tmp_path / "out")] == ["sub-1", "sub-2"]
    for seed in (1, 2):
        phantom = _phantom(seed)
        image, label = (
            nibabel.load(tmp_path / "out" / side / f"sub-{seed}.nii.gz")
            for side in ("images", "labels")
        )
        assert np.array_equal(image.affine, label.affine)
        assert np.allclose(image.affine, phantom.grid.affine_ras, atol=1e-4)
        assert np.array_equal(np.asarray(label.dataobj) > 0, phantom.truth)
        assert np.corrcoef(np.ravel(image.dataobj), phantom.image.ravel())[0, 1] > 0.999


def test_pairs_that_are_there_are_kept(studies: Path, tmp_path: Path) -> None:
    make(studies, tmp_path / "out")
    kept = (tmp_path / "out" / "images" / "sub-1.nii.gz").stat().st_mtime_ns
    make(studies, tmp_path / "out")
    assert (tmp_path / "out" / "images" / "sub-1.nii.gz").stat().st_mtime_ns == kept
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert left == {"images", "labels", "sources.json", ".records"}


def _without_seg(study: Path) -> None:
    (study / "truth.seg.dcm").unlink()


def _without_images(study: Path) -> None:
    for path in (study / "dicom").iterdir():
        path.unlink()


def _of_a_machine(study: Path) -> None:
    seg = pydicom.dcmread(study / "truth.seg.dcm")
    seg.SegmentSequence[0].SegmentAlgorithmType = "AUTOMATIC"
    seg.save_as(study / "truth.seg.dcm")


def _with_a_gap(study: Path) -> None:
    sorted((study / "dicom").iterdir())[3].unlink()


LACKING: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "no segmentation": (_without_seg, "broken", "LabelMissing"),
    "no images": (_without_images, "broken", "ImageMissing"),
    "a missing slice": (_with_a_gap, "broken", "MissingSlices"),
    "a machine's work": (_of_a_machine, "passedOver", "MachineMade"),
}


@pytest.mark.parametrize(("lose", "list_", "reason"), LACKING.values(), ids=LACKING)
def test_study_without_a_pair_is_told_to_the_data_report(
    studies: Path, tmp_path: Path, lose: Callable[[Path], None], list_: str, reason: str
) -> None:
    lose(studies / "sub-2")
    said = dict(make(studies, tmp_path / "out"))
    assert said["sub-2"].startswith(f"no pair: {reason}: ")
    (dropped,) = sources(tmp_path / "out")[list_]
    assert (dropped["case"], dropped["reason"]) == ("sub-2", reason)
    assert not (tmp_path / "out" / "images" / "sub-2.nii.gz").exists()


def test_study_that_was_mended_makes_its_pair(studies: Path, tmp_path: Path) -> None:
    whole = (studies / "sub-2" / "truth.seg.dcm").read_bytes()
    _without_seg(studies / "sub-2")
    make(studies, tmp_path / "out")
    (studies / "sub-2" / "truth.seg.dcm").write_bytes(whole)
    make(studies, tmp_path / "out")
    assert sources(tmp_path / "out")["broken"] == []
    assert list(sources(tmp_path / "out")["cases"]) == ["sub-1", "sub-2"]


def test_machines_work_is_taken_where_that_is_said(studies: Path, tmp_path: Path) -> None:
    for study in studies.iterdir():
        _of_a_machine(study)
    with pytest.raises(BadInput, match=r"no pair: 0 pairs; 2 passed over \(2 MachineMade\)"):
        make(studies, tmp_path / "out")
    make(studies, tmp_path / "out", allow_automatic=True)
    assert len(sources(tmp_path / "out")["cases"]) == 2


@pytest.mark.parametrize("segment", ["meningioma", "SCT:302820008"])
def test_segment_is_named_by_label_or_code(studies: Path, tmp_path: Path, segment: str) -> None:
    make(studies, tmp_path / "out", segment)
    made = sources(tmp_path / "out")["cases"]["sub-1"]
    seg = pydicom.dcmread(studies / "sub-1" / "truth.seg.dcm")
    assert made["segmentation"]["sopInstanceUID"] == seg.SOPInstanceUID
    assert len(made["image"]["sopInstanceUIDs"]) == SHAPE[2]
    with pytest.raises(BadInput, match="2 NoSuchSegment"):
        make(studies, tmp_path / "other", "brain")


@pytest.mark.rule("no-patient-in-the-control-plane")
def test_pairs_tell_nothing_of_the_patient(studies: Path, tmp_path: Path) -> None:
    seg = pydicom.dcmread(studies / "sub-1" / "truth.seg.dcm")
    make(studies, tmp_path / "out")
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            content = gzip.decompress(content) if path.suffix == ".gz" else content
            assert str(seg.PatientID).encode() not in content


def test_dicom_is_told_from_other_data_sets(studies: Path, tmp_path: Path) -> None:
    assert holds_dicom(studies)
    (tmp_path / "brats" / "BraTS-MEN-00000-000").mkdir(parents=True)
    (tmp_path / "brats" / "BraTS-MEN-00000-000" / "x.nii.gz").write_bytes(b"no DICOM")
    assert not holds_dicom(tmp_path / "brats")
    (tmp_path / "pairs" / "images").mkdir(parents=True)
    assert not holds_dicom(tmp_path / "pairs")
