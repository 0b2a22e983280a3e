"""O-16: several volumes at the same positions are told apart, and never mixed."""

from typing import Any

import pytest
from pydicom.dataset import Dataset
from tests.support.series import mr_series
from tests.support.stacks import headers_of, refusal_of, stack_of, uids

from meninx.imaging.series import series_facts
from meninx.resources.reasons import Reason


def _volumes(count: int, **changing: list[Any]) -> list[list[Dataset]]:
    """Return volumes of 12 slices at the same positions, told apart by one attribute."""
    ((keyword, values),) = changing.items()
    return [
        mr_series(count, SeriesNumber=None, **{keyword: value}, SOPInstanceUID=None)
        for value in values
    ]


def _named(volumes: list[list[Dataset]]) -> list[Dataset]:
    datasets = [dataset for volume in volumes for dataset in volume]
    for number, dataset in enumerate(datasets):
        dataset.SOPInstanceUID = f"2.25.77{number}"
    return datasets


ECHOES = {"EchoTime": [4.92, 7.38]}
PHASES = {"TemporalPositionIdentifier": [1, 2, 3]}


@pytest.mark.parametrize(
    ("changing", "volume", "which"),
    [
        (ECHOES, "FirstEcho", 0),
        (ECHOES, "LastEcho", 1),
        (PHASES, "FirstTime", 0),
        (PHASES, "LastTime", 2),
        ({"AcquisitionNumber": [4, 5]}, "FirstTime", 0),
        ({"TriggerTime": [0.0, 40.0, 80.0]}, "LastTime", 2),
    ],
)
def test_rule_takes_one_whole_volume(changing: dict[str, Any], volume: str, which: int) -> None:
    volumes = _volumes(12, **changing)
    stack = stack_of(_named(volumes)[::-1], volume=volume)
    assert [header.sop_instance_uid for header in stack.headers] == uids(volumes[which])
    assert len(stack.left_out) == 12 * (len(volumes) - 1)


@pytest.mark.parametrize(
    ("changing", "listed"),
    [
        (ECHOES, "EchoTime 4.92: 12; EchoTime 7.38: 12"),
        (PHASES, "TemporalPositionIdentifier 1: 12"),
        ({"ImageType": [["ORIGINAL", "PRIMARY", "M"], ["ORIGINAL", "PRIMARY", "P"]]}, "\\P: 12"),
        ({"DiffusionBValue": [0.0, 1000.0]}, "DiffusionBValue 1000.0: 12"),
    ],
    ids=["echoes", "phases", "magnitude and phase", "b-values"],
)
def test_without_a_rule_the_volumes_are_listed(changing: dict[str, Any], listed: str) -> None:
    finding = refusal_of(_named(_volumes(12, **changing)))
    assert finding.reason == Reason.AMBIGUOUS_VOLUME
    assert listed in finding.message


@pytest.mark.parametrize(
    ("lost_of", "volume", "slices"),
    [(1, "FirstTime", 12), (0, "FirstTime", None), (1, "Only", None), (2, "Largest", None)],
)
def test_incomplete_phase_is_never_used(lost_of: int, volume: str, slices: int | None) -> None:
    volumes = _volumes(12, **PHASES)
    datasets = _named(volumes)
    datasets.remove(volumes[lost_of][5])
    if slices is None:
        assert refusal_of(datasets, volume=volume).reason == Reason.AMBIGUOUS_VOLUME
    else:
        assert len(stack_of(datasets, volume=volume).headers) == slices


def test_largest_takes_the_only_complete_volume() -> None:
    volumes = _volumes(12, **ECHOES)
    datasets = _named(volumes)
    for partial in volumes[0][::3]:
        datasets.remove(partial)
    stack = stack_of(datasets, volume="Largest")
    assert {header.echo_time_ms for header in stack.headers} == {7.38}
    assert len(stack.headers) == 12


def test_echoes_within_phases_need_more_than_one_rule() -> None:
    datasets = []
    for echo in ECHOES["EchoTime"]:
        for volume in _volumes(12, **PHASES):
            for dataset in volume:
                dataset.EchoTime = echo
            datasets.append(volume)
    finding = refusal_of(_named(datasets), volume="FirstEcho")
    assert finding.reason == Reason.AMBIGUOUS_VOLUME
    assert "6 volumes" in finding.message


def test_doubles_that_nothing_tells_apart_are_refused() -> None:
    finding = refusal_of(_named(_volumes(12, InstanceNumber=[5, 5])))
    assert finding.reason == Reason.DUPLICATE_POSITIONS


def test_two_series_without_number_stay_two_series() -> None:
    for uid in ("2.25.51", "2.25.52"):
        datasets = mr_series(12, SeriesInstanceUID=uid, SeriesNumber=None, InstanceNumber=None)
        assert len(stack_of(datasets).headers) == 12


def test_equal_times_and_numbers_never_drop_a_slice() -> None:
    equal: dict[str, Any] = {
        "InstanceNumber": 1,
        "AcquisitionTime": "101010",
        "AcquisitionNumber": 1,
    }
    datasets = mr_series(46, spacing_mm=3, **equal)
    assert len(stack_of(datasets).headers) == 46
    assert series_facts(headers_of(datasets))["Series.Slices"] == "46"
