from dataclasses import replace
from typing import Any

import pytest
from tests.support import make
from tests.support.headers import series, turned

from meninx.imaging.header import ImageHeader
from meninx.imaging.select import Chosen, NotChosen, choose, choose_all
from meninx.imaging.study import Series
from meninx.resources.aimodel import Channel

MR = {"attribute": "Modality", "equals": "MR"}
CONTRAST = {"attribute": "Series.Contrast", "equals": "true"}
THREE_D = {"when": {"attribute": "Series.ThreeD", "equals": "true"}, "score": 10}
AXIAL = {"when": {"attribute": "Series.Plane", "equals": "Axial"}, "score": 5}


def _channel(**selector: Any) -> Channel:
    selector = {"require": {"all": [MR, CONTRAST]}, "prefer": [THREE_D, AXIAL]} | selector
    return Channel.model_validate(make.channel(**selector))


def _scout(one: ImageHeader) -> ImageHeader:
    number = one.instance_number or 0
    return turned(one, number % 3)


def _twice(one: ImageHeader) -> ImageHeader:
    z = (one.position_lps or (0, 0, 0))[2] // 2
    return replace(
        one, position_lps=(0.0, 0.0, z), echo_time_ms=float((one.instance_number or 0) % 2)
    )


PASSED: dict[str, tuple[Series, str]] = {
    "CT": (series("e1", Modality="CT"), "RequirementNotMet"),
    "no contrast": (
        series("e1", ContrastBolusAgent=None, SeriesDescription="t1"),
        "RequirementNotMet",
    ),
    "scout": (series("e1", ImageType="ORIGINAL\\PRIMARY\\LOCALIZER"), "Localizer"),
    "ADC": (series("e1", ImageType="DERIVED\\PRIMARY\\DIFFUSION\\ADC"), "DerivedMap"),
    "projection": (series("e1", ImageType="DERIVED\\SECONDARY\\MIP"), "DerivedMap"),
    "few slices": (series("e1", slices=5), "TooFewSlices"),
    "three planes": (series("e1", slices=15, change=_scout), "MixedOrientation"),
    "mosaic": (series("e1", change=lambda one: replace(one, is_mosaic=True)), "Mosaic"),
    "no pixels": (series("e1", change=lambda one: replace(one, has_pixels=False)), "NoPixels"),
    "no places": (series("e1", change=lambda one: replace(one, position_lps=None)), "NoGeometry"),
    "report": (series("e1", change=lambda one: replace(one, sop_class_uid="1.2")), "UnsupportedObject"),
    "two-dimensional": (series("e1", MRAcquisitionType="2D"), "LowerScore"),
    "damaged but less wanted": (series("e1", MRAcquisitionType="2D", without=9), "LowerScore"),
    "fewer slices": (series("e1", slices=19), "LowerScore"),
    "reformatted": (series("e1", slices=40, ImageType="DERIVED\\SECONDARY\\MPR"), "LowerScore"),
}  # fmt: skip


@pytest.mark.parametrize(("other", "reason"), PASSED.values(), ids=PASSED.keys())
def test_other_series_is_passed_over_with_its_reason(other: Series, reason: str) -> None:
    choice = choose(_channel(), [other, series("e0")])
    assert isinstance(choice, Chosen)
    assert choice.series.series == "e0"
    assert [(one.series, str(one.reason)) for one in choice.passed_over] == [("e1", reason)]
    assert choice.passed_over[0].why


def test_most_slices_win_where_scores_are_equal() -> None:
    choice = choose(_channel(), [series("e1", slices=8), series("e0", slices=58)])
    assert isinstance(choice, Chosen)
    assert len(choice.stack.headers) == 58


def test_equal_series_are_a_tie_and_nothing_is_chosen() -> None:
    choice = choose(_channel(), [series("e0"), series("e1"), series("e2", slices=9)])
    assert isinstance(choice, NotChosen)
    assert str(choice.reason) == "SeriesTie"
    assert choice.message == "score 15, original, 20 slices each: e0, e1"
    assert {str(one.reason) for one in choice.passed_over} == {"SeriesTie", "LowerScore"}


def test_preference_breaks_what_would_be_a_tie() -> None:
    wish = {"when": {"attribute": "SeriesDescription", "contains": "norm"}, "score": 1}
    pair = [series("e0", SeriesDescription="t1 gd NORM"), series("e1")]
    choice = choose(_channel(prefer=[wish]), pair)
    assert isinstance(choice, Chosen)
    assert (choice.series.series, choice.score) == ("e0", 1)


DAMAGED = {
    "gap": (series("e0", without=10), "MissingSlices", "9"),
    "two echoes": (series("e0", slices=40, change=_twice), "AmbiguousVolume", ""),
}


@pytest.mark.parametrize(("best", "reason", "told"), DAMAGED.values(), ids=DAMAGED.keys())
def test_damaged_best_series_is_refused_and_never_replaced(
    best: Series, reason: str, told: str
) -> None:
    choice = choose(_channel(), [best, series("e1", MRAcquisitionType="2D")])
    assert isinstance(choice, NotChosen)
    assert str(choice.reason) == reason
    assert choice.series is best
    assert choice.message.startswith("series e0: ")
    assert told in choice.message


def test_rule_picks_one_volume_of_several() -> None:
    choice = choose(_channel(volume="FirstEcho"), [series("e0", slices=40, change=_twice)])
    assert isinstance(choice, Chosen)
    assert {one.echo_time_ms for one in choice.stack.headers} == {0.0}
    assert choice.volume == "FirstEcho"


def test_selector_that_asks_for_maps_gets_them() -> None:
    adc = {"attribute": "ImageType", "equals": "ADC"}
    maps = series("e1", ImageType="DERIVED\\PRIMARY\\DIFFUSION\\ADC")
    choice = choose(_channel(require={"all": [adc]}), [series("e0"), maps])
    assert isinstance(choice, Chosen)
    assert choice.series.series == "e1"


NOTHING: dict[str, tuple[list[Series], str]] = {
    "no series": ([], "NoSeriesMatches"),
    "none fulfils": ([series("e0", Modality="CT")], "NoSeriesMatches"),
    "scouts only": ([series("e0", slices=15, change=_scout)], "MixedOrientation"),
    "one kind of trouble": (
        [series("e0", slices=4), series("e1", slices=5), series("e2", Modality="CT")],
        "TooFewSlices",
    ),
    "several kinds": (
        [series("e0", slices=4), series("e1", slices=15, change=_scout)],
        "NoSeriesMatches",
    ),
}


@pytest.mark.parametrize(("study", "reason"), NOTHING.values(), ids=NOTHING.keys())
def test_study_without_a_series_says_why_for_each(study: list[Series], reason: str) -> None:
    choice = choose(_channel(), study)
    assert isinstance(choice, NotChosen)
    assert str(choice.reason) == reason
    assert all(one.series in choice.message for one in study)


def test_long_refusal_names_the_nearest_series_first_and_counts_the_rest() -> None:
    study = [series(f"e{n:02d}", Modality="CT") for n in range(10)] + [series("e99", slices=5)]
    choice = choose(_channel(), study)
    assert isinstance(choice, NotChosen)
    assert choice.message.startswith("11 series: e99: 5 slice positions")
    assert choice.message.endswith("; and 3 more")


def test_reasons_never_quote_a_description() -> None:
    study = [series("e0", SeriesDescription="JOHN native"), series("e1", slices=3)]
    choice = choose(
        _channel(require={"all": [{"attribute": "SeriesDescription", "contains": "gd"}]}), study
    )
    assert "JOHN" not in f"{choice.passed_over} {getattr(choice, 'message', '')}"


def test_two_channels_never_share_a_series() -> None:
    channels = [Channel.model_validate(make.channel(name)) for name in ("t1", "t1c")]
    selection = choose_all(channels, [series("e0")])
    assert [(one.channel, str(one.reason)) for one in selection.refused] == [
        ("t1c", "ChannelsClash")
    ]


def test_order_of_arrival_does_not_change_the_choice() -> None:
    study = [series("e0"), series("e1", slices=30), series("e2", MRAcquisitionType="2D")]
    choices = [choose(_channel(), order) for order in (study, study[::-1])]
    assert choices[0] == choices[1]
