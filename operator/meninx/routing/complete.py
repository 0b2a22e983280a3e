"""Whether a study is complete: quiet for long enough, and whole where a model needs it (pure)."""

import datetime as dt
from dataclasses import dataclass

from meninx.imaging.select import NotChosen, Selection

LONGEST_HOLD_SECONDS = 900.0
"""How long an association that stays open can hold back a study that gets nothing more."""


@dataclass(frozen=True)
class Complete:
    """Nothing more is expected, nothing is missing."""


@dataclass(frozen=True)
class Waiting:
    """Not before then."""

    until: dt.datetime
    why: str


@dataclass(frozen=True)
class Broken:
    """What a model needs is not there or is damaged."""

    reasons: tuple[NotChosen, ...]


@dataclass(frozen=True)
class Heard:
    """When the study was last heard of: its last instance, its last open association."""

    last_received: dt.datetime
    last_open: dt.datetime | None = None
    is_open: bool = False


def quiet(heard: Heard, *, quiet_seconds: float, now: dt.datetime) -> Complete | Waiting:
    """Tell whether a study has been quiet: no instance, and no open association that brought one."""
    silence = dt.timedelta(seconds=quiet_seconds)
    hold_ends = heard.last_received + max(silence, dt.timedelta(seconds=LONGEST_HOLD_SECONDS))
    if heard.is_open and now < hold_ends:
        return Waiting(min(now + silence, hold_ends), "an association of the study is open")
    last = max(heard.last_received, heard.last_open or heard.last_received)
    until = min(last + silence, hold_ends)
    return Complete() if now >= until else Waiting(until, "images may still be coming")


def whole(selection: Selection) -> Complete | Broken:
    """Tell whether each channel has its series, whole; a series that no channel needs may be broken."""
    return Broken(selection.refused) if selection.refused else Complete()
