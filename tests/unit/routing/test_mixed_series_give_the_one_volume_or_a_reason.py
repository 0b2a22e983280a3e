from collections.abc import Sequence
from typing import Any

import pytest
from pydicom.dataset import Dataset
from tests.support import make
from tests.support.series import AXIAL, CORONAL, SAGITTAL, mr_series, mr_slice

from meninx.imaging.select import Chosen, NotChosen, choose
from meninx.imaging.series import read_headers
from meninx.imaging.study import Series, series_of
from meninx.resources.aimodel import Channel


def _series(images: Sequence[Dataset], name: str = "e0") -> Series:
    return series_of(name, [header for ds in images for header in read_headers(ds)])


def _choose(*study: Series, volume: str = "Only") -> Chosen | NotChosen:
    return choose(Channel.model_validate(make.channel(volume=volume)), study)


def _without_place() -> Dataset:
    return mr_slice(
        ImagePositionPatient=None, ImageOrientationPatient=None, SOPInstanceUID="2.25.77"
    )


def _axial(start: int, count: int, **more: Any) -> list[Dataset]:
    return mr_series(count, origin_lps=(0, 0, start), **more)


def _rounded() -> list[Dataset]:
    exact, rounded = (
        (0.95630476, -0.29237170, 0, 0.29237170, 0.95630476, 0),
        (0.9563, -0.2924, 0, 0.2924, 0.9563, 0),
    )
    return mr_series(20, orientation=exact)[:10] + mr_series(20, orientation=rounded)[10:]


SCOUTS = [
    ds
    for number, plane in enumerate((SAGITTAL, AXIAL, CORONAL))
    for ds in mr_series(5, orientation=plane, spacing_mm=10.0, AcquisitionNumber=number)
]
STRAY = {
    "object without a place among axial ones": (
        [*_axial(0, 40), _without_place(), *_axial(40, 22)],
        62,
    ),
    "two sagittal first": (
        [*mr_series(2, orientation=SAGITTAL, AcquisitionNumber=9), *_axial(0, 20)],
        20,
    ),
    "half of the cosines rounded": (_rounded(), 20),
    "equal times and acquisitions": (
        _axial(0, 46, AcquisitionNumber=1, AcquisitionTime="090000", InstanceNumber=1),
        46,
    ),
}


@pytest.mark.parametrize(("images", "slices"), STRAY.values(), ids=STRAY.keys())
def test_stray_objects_are_left_out_of_the_volume(images: list[Dataset], slices: int) -> None:
    choice = _choose(_series(images))
    assert isinstance(choice, Chosen)
    assert len(choice.stack.headers) == slices
    assert len(choice.stack.left_out) == len(images) - slices


def test_three_planes_of_scouts_are_no_volume() -> None:
    choice = _choose(_series(SCOUTS))
    assert isinstance(choice, NotChosen)
    assert str(choice.reason) == "MixedOrientation"


ECHOES = [
    ds
    for echo_time in (4.92, 7.38)
    for ds in mr_series(12, EchoTime=str(echo_time), SOPInstanceUID=None)
]
for number, ds in enumerate(ECHOES):
    ds.SOPInstanceUID = f"2.25.5{number}"


def test_rule_first_echo_takes_the_first_echo_only() -> None:
    choice = _choose(_series(ECHOES), volume="FirstEcho")
    assert isinstance(choice, Chosen)
    assert [one.echo_time_ms for one in choice.stack.headers] == [4.92] * 12


def test_several_echoes_without_a_rule_are_ambiguous() -> None:
    choice = _choose(_series(ECHOES))
    assert isinstance(choice, NotChosen)
    assert str(choice.reason) == "AmbiguousVolume"
    assert "4.92" in choice.message


def _phases(lost: int) -> Series:
    images = [
        mr_slice(
            position_lps=(0, 0, k),
            TemporalPositionIdentifier=phase,
            SOPInstanceUID=f"2.25.6{phase}{k:02d}",
        )
        for phase in (1, 2, 3)
        for k in range(12)
    ]
    del images[lost]
    return _series(images)


@pytest.mark.parametrize("lost", [0, 5, 11, 17, 35])
@pytest.mark.parametrize("volume", ["Only", "FirstTime", "LastTime", "Largest"])
def test_unequal_phases_are_ambiguous_or_one_complete_phase(volume: str, lost: int) -> None:
    choice = _choose(_phases(lost), volume=volume)
    if isinstance(choice, Chosen):
        assert len(choice.stack.headers) == 12
    else:
        assert str(choice.reason) in {"AmbiguousVolume", "MissingSlices"}


def test_series_of_equal_numbers_stay_apart_by_their_uid() -> None:
    pair = [mr_series(12, SeriesNumber=None, SeriesInstanceUID=uid) for uid in ("2.25.7", "2.25.8")]
    choice = _choose(_series(pair[0], "e0"), _series(pair[1], "e1"))
    assert isinstance(choice, NotChosen)
    assert str(choice.reason) == "SeriesTie"
    assert choice.message.endswith("12 slices each: e0, e1")
