from pathlib import Path

import highdicom
import nibabel
import numpy as np
import pytest

from meninx.phantom.series import slices
from meninx.phantom.simulate import Phantom
from meninx.phantom.truth import measure, truth_seg, write_nifti


def test_seg_marks_exactly_the_true_voxels(phantom: Phantom) -> None:
    images = slices(phantom, lesions_asked=1)
    seg = highdicom.seg.Segmentation.from_dataset(truth_seg(phantom, images))
    uids = [image.SOPInstanceUID for image in images]
    frames = seg.get_pixels_by_source_instance(uids, assert_missing_frames_are_empty=True)
    assert np.array_equal(frames[..., 0].transpose(2, 1, 0) > 0, phantom.truth)


def test_seg_belongs_to_the_same_study_and_frame(phantom: Phantom) -> None:
    images = slices(phantom, lesions_asked=1)
    seg = truth_seg(phantom, images)
    assert seg.StudyInstanceUID == images[0].StudyInstanceUID
    assert seg.FrameOfReferenceUID == images[0].FrameOfReferenceUID
    assert seg.PatientID == images[0].PatientID
    assert seg.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0].CodeValue == "302820008"


def test_nifti_lies_where_the_series_lies(phantom: Phantom, tmp_path: Path) -> None:
    write_nifti(phantom, tmp_path / "truth.nii.gz")
    image = nibabel.load(tmp_path / "truth.nii.gz")
    assert np.allclose(image.affine, phantom.grid.affine_ras)
    assert np.array_equal(np.asarray(image.dataobj) > 0, phantom.truth)


def test_measured_volume_is_that_of_the_truth(phantom: Phantom) -> None:
    measured = measure(phantom)
    total = phantom.truth.sum() * phantom.grid.voxel_ml
    assert sum(lesion.volume_ml for lesion in measured) == pytest.approx(total, abs=1e-3)
    assert measured[0].longest_mm > 15


def test_healthy_head_gets_an_empty_seg(healthy: Phantom) -> None:
    seg = truth_seg(healthy, slices(healthy, lesions_asked=0))
    assert not seg.pixel_array.any()
