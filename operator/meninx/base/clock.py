"""What "now" is; the only place that reads it."""

import datetime as dt
from typing import Protocol


class Clock(Protocol):
    """A source of the present time."""

    def now(self) -> dt.datetime:
        """Return the present, in UTC, with its time zone."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> dt.datetime:
        """Return the present, in UTC."""
        return dt.datetime.now(dt.UTC)


def to_rfc3339(moment: dt.datetime) -> str:
    """Format a moment as the Kubernetes API writes times (whole seconds, Z)."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_rfc3339(text: str) -> dt.datetime:
    """Read a time as the Kubernetes API writes it."""
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
