import datetime as dt

import pytest
from tests.support import make
from tests.support.clock import START
from tests.support.headers import series

from meninx.imaging.select import choose_all
from meninx.resources.aimodel import Channel
from meninx.routing.complete import Broken, Complete, Heard, Waiting, quiet, whole


def _at(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


CASES: dict[str, tuple[Heard, float, float | None]] = {
    "just received": (Heard(_at(0)), 1, 5),
    "almost quiet": (Heard(_at(0)), 4.9, 5),
    "quiet": (Heard(_at(0)), 5, None),
    "another instance": (Heard(_at(12)), 16, 17),
    "another instance, then quiet": (Heard(_at(12)), 17, None),
    "association open in a pause": (Heard(_at(0), _at(7), is_open=True), 7, 12),
    "association closed lately": (Heard(_at(0), _at(7)), 9, 12),
    "association closed long ago": (Heard(_at(0), _at(7)), 12, None),
    "association never closed": (Heard(_at(0), _at(900), is_open=True), 900, None),
    "association open, hold nearly over": (Heard(_at(0), _at(898), is_open=True), 898, 900),
}


@pytest.mark.parametrize(("heard", "now", "until"), CASES.values(), ids=CASES.keys())
def test_instance_or_open_association_moves_the_clock(
    heard: Heard, now: float, until: float | None
) -> None:
    state = quiet(heard, quiet_seconds=5, now=_at(now))
    if until is None:
        assert state == Complete()
    else:
        assert isinstance(state, Waiting)
        assert state.until == _at(until)


def test_long_quiet_time_is_not_cut_short_by_the_longest_hold() -> None:
    assert isinstance(quiet(Heard(_at(0)), quiet_seconds=3600, now=_at(3000)), Waiting)


CHANNELS = [
    Channel.model_validate(
        make.channel(require={"all": [{"attribute": "Series.Contrast", "equals": "true"}]})
    )
]


def test_defect_of_a_series_no_channel_needs_does_not_break_the_study() -> None:
    native = series("e1", ContrastBolusAgent=None, SeriesDescription="t1", without=9)
    assert whole(choose_all(CHANNELS, [native, series("e0")])) == Complete()


def test_defect_of_the_series_that_is_needed_breaks_the_study() -> None:
    state = whole(choose_all(CHANNELS, [series("e0", without=9)]))
    assert isinstance(state, Broken)
    assert [str(reason.reason) for reason in state.reasons] == ["MissingSlices"]
