from pathlib import Path

import nibabel
import numpy as np
import pytest

from meninx.base.errors import BadInput
from meninx.imaging.geometry import Grid
from meninx.local.pairs import holds_dicom, write_pairs
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


def test_series_and_segmentation_become_a_pair(studies: Path, tmp_path: Path) -> None:
    assert list(write_pairs(studies, tmp_path / "out")) == ["sub-1", "sub-2"]
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
    list(write_pairs(studies, tmp_path / "out"))
    kept = (tmp_path / "out" / "images" / "sub-1.nii.gz").stat().st_mtime_ns
    list(write_pairs(studies, tmp_path / "out"))
    assert (tmp_path / "out" / "images" / "sub-1.nii.gz").stat().st_mtime_ns == kept
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"images", "labels"}


def test_series_without_segmentation_is_named(studies: Path, tmp_path: Path) -> None:
    (studies / "sub-2" / "truth.seg.dcm").unlink()
    with pytest.raises(BadInput, match="sub-2 holds no DICOM segmentation"):
        list(write_pairs(studies, tmp_path / "out"))


def test_segmentation_of_an_absent_series_is_named(studies: Path, tmp_path: Path) -> None:
    for path in (studies / "sub-1" / "dicom").iterdir():
        path.unlink()
    with pytest.raises(BadInput, match=r"series that is segmented in .*sub-1 is not there"):
        list(write_pairs(studies, tmp_path / "out"))


def test_dicom_is_told_from_other_data_sets(studies: Path, tmp_path: Path) -> None:
    assert holds_dicom(studies)
    (tmp_path / "brats" / "BraTS-MEN-00000-000").mkdir(parents=True)
    (tmp_path / "brats" / "BraTS-MEN-00000-000" / "x.nii.gz").write_bytes(b"no DICOM")
    assert not holds_dicom(tmp_path / "brats")
    (tmp_path / "pairs" / "images").mkdir(parents=True)
    assert not holds_dicom(tmp_path / "pairs")
