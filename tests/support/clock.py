"""A clock that moves only when a test says so."""

import datetime as dt

START = dt.datetime(2026, 1, 5, 9, 0, 0, tzinfo=dt.UTC)


class FakeClock:
    """A `meninx.base.clock.Clock` whose time is set by hand."""

    def __init__(self, start: dt.datetime = START) -> None:
        self._now = start

    def now(self) -> dt.datetime:
        """Return the time that was set."""
        return self._now

    def advance(self, seconds: float) -> dt.datetime:
        """Move on and return the new present."""
        self._now += dt.timedelta(seconds=seconds)
        return self._now
