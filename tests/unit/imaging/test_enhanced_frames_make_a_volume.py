"""Frames of one enhanced object are slices: shared and per-frame groups, stacks and phases."""

import random

import numpy as np
import pytest
from pydicom.dataset import Dataset
from tests.support.enhanced import enhanced_mr, item
from tests.support.series import SAGITTAL, mr_series, mr_slice
from tests.support.stacks import headers_of, refusal_of, stack_of, volume_of

from meninx.base.errors import Rejected
from meninx.imaging.series import series_facts
from meninx.resources.reasons import Reason


def _shuffled(count: int = 9) -> tuple[list[Dataset], list[int]]:
    slices = mr_series(
        count,
        orientation=SAGITTAL,
        spacing_mm=1.1,
        origin_lps=(-5, -80, 90),
        pixel_spacing_mm=(0.5, 0.8),
        pixels=lambda k: np.full((6, 10), 10 * k, np.uint16),
    )
    order = random.Random(3).sample(range(count), count)
    return slices, order


@pytest.mark.parametrize("in_frames", [False, True], ids=["shared", "per frame"])
def test_frames_stack_like_the_classic_slices(in_frames: bool) -> None:
    slices, order = _shuffled()
    made = enhanced_mr([slices[k] for k in order], spacing_in_frames=in_frames)
    stack, classic = stack_of([made]), stack_of(slices)
    assert stack.grid.same_as(classic.grid)
    frames = [header.frame for header in stack.headers]
    ascending = np.argsort([slices[k].ImagePositionPatient[0] * -1 for k in order]) + 1
    assert frames == ascending.tolist()
    assert np.array_equal(volume_of([made]), volume_of(slices))


def test_rescale_of_each_frame_is_its_own() -> None:
    slices = mr_series(6, pixels=lambda _: np.full((4, 4), 500, np.uint16))
    made = enhanced_mr(
        slices,
        frame=lambda k: {
            "PixelValueTransformationSequence": item(RescaleSlope=1 + k, RescaleIntercept=-k)
        },
    )
    assert volume_of([made])[0, 0].tolist() == [500.0 * (1 + k) - k for k in range(6)]


def test_shared_rescale_holds_for_every_frame() -> None:
    shared = {"PixelValueTransformationSequence": item(RescaleSlope=2, RescaleIntercept=1)}
    slices = mr_series(4, pixels=lambda _: np.full((4, 4), 7, np.uint16))
    assert np.unique(volume_of([enhanced_mr(slices, shared=shared)])).tolist() == [15.0]


def _phases() -> Dataset:
    slices = [one for _ in range(2) for one in mr_series(10)]
    return enhanced_mr(
        slices, frame=lambda k: {"FrameContentSequence": item(TemporalPositionIndex=1 + k // 10)}
    )


def test_phases_of_one_object_are_told_apart() -> None:
    finding = refusal_of([_phases()])
    assert finding.reason == Reason.AMBIGUOUS_VOLUME
    assert "TemporalPositionIdentifier 2: 10" in finding.message
    stack = stack_of([_phases()], volume="LastTime")
    assert [header.frame for header in stack.headers] == list(range(11, 21))


@pytest.mark.parametrize(("volume", "first"), [("FirstTime", 1), ("LastTime", 11)])
def test_times_that_go_on_from_slice_to_slice_are_taken_in_order(volume: str, first: int) -> None:
    slices = [one for _ in range(2) for one in mr_series(10)]
    times = [1, 2, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 9, 10, 10, 11, 11, 12, 13, 14]
    made = enhanced_mr(
        slices, frame=lambda k: {"FrameContentSequence": item(TemporalPositionIndex=times[k])}
    )
    assert "in order, 2: 10" in refusal_of([made]).message
    stack = stack_of([made], volume=volume)
    assert [header.frame for header in stack.headers] == list(range(first, first + 10))


def test_echoes_of_one_object_are_told_apart() -> None:
    slices = [one for one in mr_series(10) for _ in range(2)]
    made = enhanced_mr(
        slices, frame=lambda k: {"MREchoSequence": item(EffectiveEchoTime=4.92 + 2.46 * (k % 2))}
    )
    stack = stack_of([made], volume="FirstEcho")
    assert {header.echo_time_ms for header in stack.headers} == {4.92}


def test_b_values_of_one_object_are_told_apart() -> None:
    slices = [one for one in mr_series(10) for _ in range(2)]
    made = enhanced_mr(
        slices, frame=lambda k: {"MRDiffusionSequence": item(DiffusionBValue=800.0 * (k % 2))}
    )
    finding = refusal_of([made])
    assert finding.reason == Reason.AMBIGUOUS_VOLUME
    assert "DiffusionBValue 800.0: 10" in finding.message


def test_facts_are_found_in_the_functional_groups() -> None:
    shared = {
        "MRTimingAndRelatedParametersSequence": item(RepetitionTime=2300.0, FlipAngle=9.0),
        "MREchoSequence": item(EffectiveEchoTime=2.07),
    }
    made = enhanced_mr(mr_series(10), shared=shared)
    made.ContrastBolusAgentSequence = item(CodeValue="C-B03CD", CodeMeaning="Gadolinium agent")
    facts = series_facts(headers_of([made]))
    assert facts["RepetitionTime"] == "2300.0"
    assert facts["EchoTime"] == "2.07"
    assert facts["Series.Contrast"] == "true"
    assert facts["Series.ThreeD"] == "true"


@pytest.mark.parametrize("frames", [0, 5, 400], ids=["none", "fewer", "more"])
def test_wrong_frame_count_is_no_traceback(frames: int) -> None:
    made = enhanced_mr(mr_series(10))
    made.NumberOfFrames = frames
    made.PixelData = made.PixelData[:100]
    with pytest.raises(Rejected):
        volume_of([made])


def test_cine_without_functional_groups_has_no_place() -> None:
    cine = mr_slice(np.zeros((40, 8), np.uint16), NumberOfFrames=5, Rows=8)
    assert refusal_of([cine]).reason == Reason.NO_GEOMETRY
