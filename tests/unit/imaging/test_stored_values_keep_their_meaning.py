"""O-11 and O-12: what is stored becomes what the headers say, slice by slice."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from tests.support.series import mr_series
from tests.support.stacks import stack_of, volume_of

from meninx.base.errors import Rejected
from meninx.imaging.nifti import read_nifti, write_nifti
from meninx.resources.reasons import Reason


def _constant(value: int, dtype: type = np.uint16, **attributes: Any) -> list[Dataset]:
    return mr_series(3, pixels=lambda _: np.full((6, 8), value, dtype), **attributes)


@pytest.mark.parametrize(
    ("datasets", "expected"),
    [
        pytest.param(_constant(33768, BitsStored=12, HighBit=11), 1000.0, id="overlay in bit 15"),
        pytest.param(
            _constant(0x0FFB, BitsStored=12, HighBit=11, PixelRepresentation=1), -5.0, id="sign"
        ),
        pytest.param(_constant(40000), 40000.0, id="above int16"),
        pytest.param(
            _constant(10, RescaleSlope=1, RescaleIntercept=-1024), -1014.0, id="below uint16"
        ),
    ],
)
def test_stored_integers_become_their_values(
    datasets: list[Dataset], expected: float, tmp_path: Path
) -> None:
    volume = volume_of(datasets)
    assert volume.dtype == np.float32
    assert volume.min() == volume.max() == expected
    path = tmp_path / "t1c.nii"
    write_nifti(path, volume, stack_of(datasets).grid)
    array, _ = read_nifti(path)
    assert array.min() == array.max() == expected


def test_slope_is_applied_to_each_slice_alone() -> None:
    datasets = mr_series(20, pixels=lambda _: np.full((4, 4), 500, np.uint16))
    for index, dataset in enumerate(datasets):
        dataset.RescaleSlope = "1" if index < 10 else "0.4"
        dataset.RescaleIntercept = "0"
    volume = volume_of(datasets)
    assert np.unique(volume[:, :, :10]).tolist() == [500.0]
    assert np.unique(volume[:, :, 10:]).tolist() == [200.0]


@pytest.mark.parametrize("philips", [False, True], ids=["no tags", "private Philips scale"])
def test_absent_slope_leaves_values_alone(philips: bool) -> None:
    datasets = _constant(500)
    for dataset in datasets if philips else []:
        dataset.add_new((0x2005, 0x0010), "LO", "Philips MR Imaging DD 001")
        dataset.add_new((0x2005, 0x100E), "FL", 0.0079)
    assert np.unique(volume_of(datasets)).tolist() == [500.0]


@pytest.mark.parametrize(
    "attributes",
    [{"RescaleSlope": "0"}, {"RescaleSlope": "nan"}, {"RescaleIntercept": "inf"}],
    ids=["slope zero", "slope nan", "intercept inf"],
)
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_unusable_rescale_is_refused(attributes: dict[str, str]) -> None:
    datasets = _constant(500)
    for keyword, text in attributes.items():
        setattr(datasets[1], keyword, text)
    with pytest.raises(Rejected) as refused:
        volume_of(datasets)
    assert refused.value.reason == Reason.BAD_RESCALE


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"PixelData": b"\0" * 10}, Reason.UNREADABLE_PIXELS),
        ({"BitsAllocated": 13}, Reason.UNREADABLE_PIXELS),
        ({"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3}, Reason.UNSUPPORTED_OBJECT),
    ],
    ids=["too short", "odd bits", "colour"],
)
def test_pixels_nobody_can_read_are_refused(changes: dict[str, Any], reason: Reason) -> None:
    datasets = _constant(500)
    for keyword, value in changes.items():
        setattr(datasets[2], keyword, value)
    with pytest.raises(Rejected) as refused:
        volume_of(datasets)
    assert refused.value.reason == reason
