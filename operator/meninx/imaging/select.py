"""The series for each channel of a model, and why not the others (pure).

Of the series that fulfil what the selector requires, the one with the highest score wins; among
equals an original one before a derived one, then the one with more slices. Still equal: a tie,
which is refused. Where the winner's volume is damaged the study is refused; the next best series
never stands in for it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from meninx.imaging.match import holds, judge
from meninx.imaging.stack import Finding, Stack, build_stack
from meninx.imaging.study import Series
from meninx.resources.aimodel import Channel
from meninx.resources.predicates import SeriesSelector
from meninx.resources.reasons import Reason

NO_VOLUME = frozenset(
    {
        Reason.TOO_FEW_SLICES,
        Reason.MOSAIC,
        Reason.NO_PIXELS,
        Reason.UNSUPPORTED_OBJECT,
        Reason.NO_GEOMETRY,
        Reason.MIXED_ORIENTATION,
        Reason.MIXED_SHAPE,
    }
)
"""What makes a series something else than a volume: it is passed over, and others are looked at."""

MAPS = frozenset(
    {
        "ADC", "EADC", "FA", "TENSOR", "TRACEW", "CBF", "CBV", "MTT", "TTP", "TMAX", "RCBF",
        "RCBV", "RELCBF", "RELCBV", "RELMTT", "T1 MAP", "T2 MAP", "T2_STAR MAP", "R2 MAP",
        "PHASE MAP", "VELOCITY MAP", "FIELD_MAP", "MIP", "MINIP", "MIN_IP", "PROJECTION IMAGE",
        "SUBTRACT", "SUBTRACTION", "SUB",
    }
)  # fmt: skip
"""Values of ImageType that make a derived image a map or projection and no anatomical volume."""

_LISTED = 8


@dataclass(frozen=True)
class PassedOver:
    """A series that was not taken, and why; `why` repeats rules, never values of a patient."""

    series: str
    reason: Reason
    why: str


@dataclass(frozen=True)
class Chosen:
    """The series that serves a channel."""

    channel: str
    series: Series
    stack: Stack = field(compare=False)
    volume: str
    score: int
    passed_over: tuple[PassedOver, ...] = ()


@dataclass(frozen=True)
class NotChosen:
    """Why no series serves a channel; `series` is the damaged one where there is one."""

    channel: str
    reason: Reason
    message: str
    series: Series | None = None
    passed_over: tuple[PassedOver, ...] = ()


@dataclass(frozen=True)
class Selection:
    """What serves each channel of a model; usable only if nothing is refused."""

    chosen: tuple[Chosen, ...]
    refused: tuple[NotChosen, ...]


@dataclass(frozen=True)
class _Candidate:
    series: Series
    score: int
    original: bool
    slices: int
    volume: Stack | Finding

    @property
    def rank(self) -> tuple[int, bool, int]:
        return self.score, self.original, self.slices


def choose_all(channels: Sequence[Channel], study: Sequence[Series]) -> Selection:
    """Choose for every channel; two channels never get the same series."""
    choices = [choose(channel, study) for channel in channels]
    chosen = [choice for choice in choices if isinstance(choice, Chosen)]
    refused = [choice for choice in choices if isinstance(choice, NotChosen)]
    taken: dict[str, str] = {}
    for choice in chosen:
        first = taken.setdefault(choice.series.series, choice.channel)
        if first != choice.channel:
            message = f"series {choice.series.series} would also serve channel {first}"
            refused.append(NotChosen(choice.channel, Reason.CHANNELS_CLASH, message))
    return Selection(tuple(chosen), tuple(refused))


def choose(channel: Channel, study: Sequence[Series]) -> Chosen | NotChosen:
    """Return the one series for a channel, or why there is none."""
    selector = channel.selector
    passed: list[PassedOver] = []
    candidates: list[_Candidate] = []
    for series in sorted(study, key=lambda one: one.series):
        looked_at = _screen(series, selector) or _rate(series, selector)
        if isinstance(looked_at, PassedOver):
            passed.append(looked_at)
        else:
            candidates.append(looked_at)
    if not candidates:
        return _nothing(channel.name, passed)
    return _best(channel, candidates, passed)


def _screen(series: Series, selector: SeriesSelector) -> PassedOver | None:
    verdict = judge(selector.require, series.facts)
    if not verdict.holds:
        return PassedOver(series.series, Reason.REQUIREMENT_NOT_MET, verdict.why_not)
    if _asks_for_image_type(selector):
        return None
    kinds = _image_type(series)
    if "LOCALIZER" in kinds:
        return PassedOver(series.series, Reason.LOCALIZER, "ImageType says LOCALIZER")
    derived = sorted(set(kinds) & MAPS) if kinds[:1] == ["DERIVED"] else []
    if derived:
        return PassedOver(series.series, Reason.DERIVED_MAP, f"ImageType says {derived[0]}")
    return None


def _rate(series: Series, selector: SeriesSelector) -> _Candidate | PassedOver:
    made = build_stack(series.headers, volume=selector.volume, min_slices=selector.min_slices)
    if isinstance(made, Stack):
        volume: Stack | Finding = made
        slices = len(made.headers)
    else:
        volume = made[0]
        slices = int(series.facts.get("Series.Slices", 0))
        if volume.reason in NO_VOLUME:
            return PassedOver(series.series, volume.reason, volume.message)
    score = sum(wish.score for wish in selector.prefer if holds(wish.when, series.facts))
    original = _image_type(series)[:1] != ["DERIVED"]
    return _Candidate(series, score, original, slices, volume)


def _best(
    channel: Channel, candidates: Iterable[_Candidate], passed: Sequence[PassedOver]
) -> Chosen | NotChosen:
    winner, *others = sorted(candidates, key=lambda one: one.rank, reverse=True)
    over = (*passed, *(_loser(winner, other) for other in others))
    equal = [other for other in others if other.rank == winner.rank]
    if equal:
        names = ", ".join(one.series.series for one in (winner, *equal)[:_LISTED])
        message = f"{_places(winner)} each: {names}"
        return NotChosen(channel.name, Reason.SERIES_TIE, message, None, over)
    if isinstance(winner.volume, Finding):
        message = f"series {winner.series.series}: {winner.volume.message}"
        return NotChosen(channel.name, winner.volume.reason, message, winner.series, over)
    volume = channel.selector.volume
    return Chosen(channel.name, winner.series, winner.volume, volume, winner.score, over)


def _loser(winner: _Candidate, other: _Candidate) -> PassedOver:
    if other.rank == winner.rank:
        return PassedOver(other.series.series, Reason.SERIES_TIE, f"{_places(other)}, as another")
    why = f"{_places(other)}; series {winner.series.series} has {_places(winner)}"
    return PassedOver(other.series.series, Reason.LOWER_SCORE, why)


def _places(one: _Candidate) -> str:
    kind = "original" if one.original else "derived"
    return f"score {one.score}, {kind}, {one.slices} slices"


def _nothing(channel: str, passed: Sequence[PassedOver]) -> NotChosen:
    """Say the one reason of all series that fulfilled the requirements, where it is one."""
    volumes = {one.reason for one in passed if one.reason in NO_VOLUME}
    reason = volumes.pop() if len(volumes) == 1 else Reason.NO_SERIES_MATCHES
    listed = "; ".join(f"{one.series}: {one.why}" for one in _telling_first(passed)[:_LISTED])
    more = f"; and {len(passed) - _LISTED} more" if len(passed) > _LISTED else ""
    message = f"{len(passed)} series: {listed}{more}" if passed else "the study holds no series"
    return NotChosen(channel, reason, message, None, tuple(passed))


def _telling_first(passed: Sequence[PassedOver]) -> list[PassedOver]:
    return sorted(passed, key=lambda one: one.reason not in NO_VOLUME)


def _asks_for_image_type(selector: SeriesSelector) -> bool:
    asked = (*selector.require.all, *selector.require.any)
    return any(condition.attribute == "ImageType" for condition in asked)


def _image_type(series: Series) -> list[str]:
    return [part.strip().upper() for part in series.facts.get("ImageType", "").split("\\")]
