"""Enhanced MR: the segmentation names the object and the frame, whatever order the frames have."""

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.uid import EnhancedMRImageStorage
from tests.support.results import (
    ball,
    composed,
    mask_by_position,
    references,
    reread,
    slices,
    source_of_datasets,
)

FRAME_ORDER = (3, 0, 5, 1, 4, 2)


@pytest.fixture
def enhanced() -> Dataset:
    planes = slices((12, 10, 6), spacing_mm=(0.5, 0.8, 2), origin_lps=(-3, -4, 5))
    made = planes[0]
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    made.NumberOfFrames = len(planes)
    orientation, measures, shared = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = made.ImageOrientationPatient
    measures.PixelSpacing, measures.SliceThickness = made.PixelSpacing, 2
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    made.SharedFunctionalGroupsSequence = [shared]
    made.PerFrameFunctionalGroupsSequence = [frame_at(planes[k]) for k in FRAME_ORDER]
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        del made[keyword]
    return made


def frame_at(plane: Dataset) -> Dataset:
    frame, position = Dataset(), Dataset()
    position.ImagePositionPatient = plane.ImagePositionPatient
    frame.PlanePositionSequence = [position]
    return frame


def test_frame_reference_is_that_of_the_slice_it_lies_on(enhanced: Dataset) -> None:
    source = source_of_datasets([enhanced])
    labels = np.zeros(source.grid.shape, np.uint8)
    labels[2:4, 3:5, 1] = labels[2:4, 3:5, 5] = 1
    seg = composed(source, labels).seg
    assert seg is not None
    named = {}
    for frame in reread(seg).PerFrameFunctionalGroupsSequence:
        (reference,) = frame.DerivationImageSequence[0].SourceImageSequence
        assert reference.ReferencedSOPInstanceUID == enhanced.SOPInstanceUID
        assert reference.ReferencedSOPClassUID == EnhancedMRImageStorage
        height = float(frame.PlanePositionSequence[0].ImagePositionPatient[2])
        named[height] = int(reference.ReferencedFrameNumber)
    assert named == {7.0: FRAME_ORDER.index(1) + 1, 15.0: FRAME_ORDER.index(5) + 1}


def test_the_one_object_is_referenced_once_and_overlaid(enhanced: Dataset) -> None:
    source = source_of_datasets([enhanced])
    labels = ball(source.grid, (0, 0, 10), 3)
    seg, sr = composed(source, labels).objects
    assert references(seg.SourceImageSequence) == [enhanced.SOPInstanceUID]
    assert np.array_equal(mask_by_position(seg, source.grid), labels)
    (evidence,) = reread(sr).CurrentRequestedProcedureEvidenceSequence
    first = evidence.ReferencedSeriesSequence[0]
    assert references(first.ReferencedSOPSequence) == [enhanced.SOPInstanceUID]
