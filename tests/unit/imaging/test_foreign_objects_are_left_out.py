"""O-15: a scout or an object without a place does not spoil the volume, nor is it stacked into it."""

from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from tests.support.series import AXIAL, CORONAL, SAGITTAL, mr_series, mr_slice
from tests.support.stacks import refusal_of, stack_of, uids

from meninx.resources.reasons import Reason

RAW_DATA = "1.2.840.10008.5.1.4.1.1.66"
_C, _S = np.cos(0.2966), np.sin(0.2966)


def _placeless(**attributes: Any) -> Dataset:
    nothing = {"ImagePositionPatient": None, "ImageOrientationPatient": None}
    return mr_slice(InstanceNumber=999, **(nothing | attributes))


def test_object_without_place_is_the_only_one_left_out() -> None:
    axial = mr_series(62)
    odd = _placeless()
    stack = stack_of([*axial[:40], odd, *axial[40:]])
    assert [header.sop_instance_uid for header in stack.headers] == uids(axial)
    assert stack.left_out == (odd.SOPInstanceUID,)


def test_scouts_of_another_plane_are_left_out() -> None:
    scouts = mr_series(2, orientation=SAGITTAL, origin_lps=(-15, 0, 0), spacing_mm=30)
    axial = mr_series(20)
    stack = stack_of([*scouts, *axial], min_slices=8)
    assert [header.sop_instance_uid for header in stack.headers] == uids(axial)
    assert set(stack.left_out) == set(uids(scouts))


def test_three_planes_of_scouts_make_no_volume() -> None:
    scouts = [
        image
        for orientation in (AXIAL, SAGITTAL, CORONAL)
        for image in mr_series(5, orientation=orientation, origin_lps=orientation[:3], spacing_mm=9)
    ]
    finding = refusal_of(scouts)
    assert finding.reason == Reason.MIXED_ORIENTATION
    assert "5 Sagittal" in finding.message


def test_cosines_rounded_in_half_of_the_images_are_one_volume() -> None:
    orientation = (1.0, 0.0, 0.0, 0.0, _C, _S)
    datasets = mr_series(20, orientation=orientation, spacing_mm=1.2)
    for dataset in datasets[::2]:
        dataset.ImageOrientationPatient = [f"{value:.4f}" for value in orientation]
    stack = stack_of(datasets)
    assert (len(stack.headers), stack.left_out) == (20, ())


def test_images_of_two_sizes_make_no_volume() -> None:
    small = mr_series(10)
    large = mr_series(10, origin_lps=(0, 0, 10), pixels=lambda _: np.zeros((16, 16), np.uint16))
    finding = refusal_of([*small, *large])
    assert finding.reason == Reason.MIXED_SHAPE
    assert "10 of 8 x 8" in finding.message


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"SOPClassUID": RAW_DATA}, Reason.UNSUPPORTED_OBJECT),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "MOSAIC"]}, Reason.MOSAIC),
        ({"PixelData": None}, Reason.NO_PIXELS),
        ({"PixelData": b""}, Reason.NO_PIXELS),
        ({"ImagePositionPatient": None}, Reason.NO_GEOMETRY),
        ({"ImageOrientationPatient": [0] * 6}, Reason.NO_GEOMETRY),
        ({"PixelSpacing": ["0", "0"]}, Reason.NO_GEOMETRY),
        ({"Rows": 0}, Reason.NO_GEOMETRY),
        ({"NumberOfFrames": 16}, Reason.NO_GEOMETRY),
    ],
    ids=lambda value: str(value)[:50],
)
def test_series_that_is_no_volume_says_why(attributes: dict[str, Any], reason: Reason) -> None:
    assert refusal_of([mr_slice(**attributes, InstanceNumber=k) for k in range(9)]).reason == reason


@pytest.mark.parametrize(("odd", "used"), [(3, 20), (9, None)])
def test_places_of_another_frame_of_reference_are_not_mixed_in(odd: int, used: int | None) -> None:
    other = mr_series(odd, origin_lps=(0, 0, 20), FrameOfReferenceUID="2.25.4")
    datasets = [*mr_series(20), *other]
    if used is None:
        assert refusal_of(datasets).reason == Reason.NO_GEOMETRY
    else:
        assert len(stack_of(datasets).headers) == used


def test_instance_sent_twice_is_one_image() -> None:
    datasets = mr_series(10)
    stack = stack_of([*datasets, *datasets[3:5]])
    assert len(stack.headers) == 10
    assert stack.left_out == ()
