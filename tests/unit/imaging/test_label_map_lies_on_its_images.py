"""A segmentation of any program becomes labels of the very pixels that were drawn on."""

from collections.abc import Callable, Sequence
from typing import Any

import highdicom as hd
import numpy as np
import pytest
from pydicom import Dataset
from pydicom.uid import MRImageStorage
from tests.support.results import PLANES
from tests.support.segmentations import EDEMA, LESION, drawn
from tests.support.series import mr_series
from tests.support.stacks import stack_of, volume_of

from meninx.base.errors import Rejected
from meninx.imaging.annotated import label_map
from meninx.imaging.annotation import Unfit, read_annotation
from meninx.resources.trainingdata import StoreData, WantedSegment

SHAPE = (14, 12, 9)
BRIGHT = 500
ANY = StoreData.model_construct(segments=[])
BOTH = StoreData(
    segments=[WantedSegment(label="meningioma "), WantedSegment(value=2, label="EDEMA")]
)


def mask(*slices: int) -> np.ndarray:
    """Return an L in these slices: no axis of it can be mistaken for another."""
    made = np.zeros(SHAPE, bool)
    made[3:9, 4:6, list(slices)] = True
    made[3:5, 4:10, list(slices)] = True
    return made


def images(drawn_on: np.ndarray, plane: str = "axial", **more: Any) -> list[Dataset]:
    """Return a series that is bright where something was drawn."""
    return mr_series(
        SHAPE[2],
        spacing_mm=1.7,
        origin_lps=(-31.5, 12.25, 40),
        orientation=PLANES[plane],
        pixel_spacing_mm=(0.6, 0.9),
        pixels=lambda k: np.where(drawn_on[:, :, k].T, BRIGHT, 7).astype(np.uint16),
        **more,
    )


def labels(series: Sequence[Dataset], seg: Dataset, want: StoreData = ANY) -> np.ndarray:
    return label_map(seg, read_annotation(seg), stack_of(series), want)


def _frames(seg: Dataset) -> int:
    return int(seg.NumberOfFrames)


WRITERS: dict[str, Callable[[list[Dataset], np.ndarray], Dataset]] = {
    "planes with something": drawn,
    "all planes": lambda series, m: drawn(series, m, omit_empty_frames=False),
    "fractional": lambda series, m: drawn(series, m * 0.5, kind="FRACTIONAL"),
    "label map": lambda series, m: drawn(series, m, kind="LABELMAP"),
    "last plane first": lambda series, m: drawn(series[::-1], m[:, :, ::-1]),
    "turned volume": lambda series, m: drawn(
        series, _volume(series, m).flip_spatial([1]).permute_spatial_axes([2, 0, 1])
    ),
}


def _volume(series: Sequence[Dataset], m: np.ndarray) -> hd.Volume:
    affine = stack_of(series).grid.affine_lps[:, [2, 1, 0, 3]]
    array = m.transpose(2, 1, 0).astype(np.uint8)
    return hd.Volume(array, affine, "PATIENT", series[0].FrameOfReferenceUID)


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_drawn_pixels_are_labelled_whoever_wrote_them(
    plane: str, write: Callable[[list[Dataset], np.ndarray], Dataset]
) -> None:
    series = images(mask(2, 3, 6), plane)
    found = labels(series, write(series, mask(2, 3, 6)))
    assert np.array_equal(found == 1, volume_of(series) == BRIGHT)


@pytest.mark.parametrize("slices", [(2, 4), (1, 7), (5,), ()], ids=str)
def test_planes_between_stay_empty(slices: tuple[int, ...]) -> None:
    series = images(mask(*slices))
    seg = drawn(series, mask(*slices))
    for item in seg.SharedFunctionalGroupsSequence:
        del item.PixelMeasuresSequence[0].SpacingBetweenSlices  # as dcmqi writes it
    assert np.array_equal(labels(series, seg) == 1, volume_of(series) == BRIGHT)


def test_each_segment_gets_its_value_and_the_first_listed_wins() -> None:
    lesion, edema = mask(3), mask(3, 4)
    series = images(lesion)
    found = labels(series, drawn(series, edema, lesion, segments=(EDEMA, LESION)), BOTH)
    assert np.array_equal(found == 1, lesion)
    assert np.array_equal(found == 2, edema & ~lesion)


def test_segments_that_are_not_asked_for_are_left_out() -> None:
    series = images(mask(3))
    want = StoreData(segments=[WantedSegment(type={"value": LESION[1]})])
    found = labels(series, drawn(series, mask(3), mask(5)), want)
    assert np.array_equal(found, mask(3))


@pytest.mark.parametrize("level", [0.49, 0.5], ids=["under a half", "a half"])
def test_fractional_segment_counts_from_one_half(level: float) -> None:
    series = images(mask(3))
    found = labels(series, drawn(series, mask(3) * level, kind="FRACTIONAL"))
    assert found.any() == (level == 0.5)


def test_finer_grid_is_put_on_that_of_the_images() -> None:
    series = images(mask(3, 4))
    fine = _volume(series, np.repeat(np.repeat(mask(3, 4), 2, axis=0), 2, axis=1))
    affine = stack_of(series).grid.affine_lps[:, [2, 1, 0, 3]] @ np.diag([1, 0.5, 0.5, 1])
    affine[:3, 3] -= (affine[:3, 1] + affine[:3, 2]) / 2
    fine = hd.Volume(fine.array, affine, "PATIENT", series[0].FrameOfReferenceUID)
    assert np.array_equal(labels(series, drawn(series, fine)), mask(3, 4))


def test_segmentation_that_names_a_part_of_the_images_is_of_all() -> None:
    series = images(mask(3, 4))
    seg = drawn(series[3:5], mask(3, 4)[:, :, 3:5])
    assert len(read_annotation(seg).images) == 2
    assert np.array_equal(labels(series, seg), mask(3, 4))


def _elsewhere(series: list[Dataset]) -> Dataset:
    moved = [Dataset(image) for image in images(mask(3))]
    for image in moved:
        x, y, z = image.ImagePositionPatient
        image.ImagePositionPatient = [x + 8, y, z]
    return drawn(moved, mask(3))


def _with(**elements: Any) -> Callable[[list[Dataset]], Dataset]:
    def write(series: list[Dataset]) -> Dataset:
        seg = drawn(series, mask(3))
        for keyword, value in elements.items():
            setattr(seg, keyword, value)
        return seg

    return write


def _naming_one_more(series: list[Dataset]) -> Dataset:
    seg = drawn(series, mask(3))
    named = seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    gone = Dataset()
    gone.ReferencedSOPClassUID, gone.ReferencedSOPInstanceUID = MRImageStorage, "2.25.99"
    named.append(gone)
    return seg


REFUSED: dict[str, tuple[Callable[[list[Dataset]], Dataset], Unfit]] = {
    "another frame of reference": (_with(FrameOfReferenceUID="2.25.99"), Unfit.OTHER_FRAME),
    "images that are gone": (_naming_one_more, Unfit.IMAGE_MISSING),
    "a place outside": (_elsewhere, Unfit.OUTSIDE),
    "no voxels": (_with(PixelData=b""), Unfit.UNREADABLE),
}


@pytest.mark.parametrize(("write", "reason"), REFUSED.values(), ids=REFUSED)
def test_segmentation_of_something_else_is_refused(
    write: Callable[[list[Dataset]], Dataset], reason: Unfit
) -> None:
    series = images(mask(3))
    with pytest.raises(Rejected) as refused:
        labels(series, write(series))
    assert refused.value.reason == reason
