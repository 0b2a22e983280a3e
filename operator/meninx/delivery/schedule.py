"""When a delivery is tried next (pure)."""

import datetime as dt

FIRST_SECONDS = 2.0
LONGEST_SECONDS = 60.0


def wait_seconds(attempts: int) -> float:
    """Return the wait after so many failed attempts: 2 s, doubling, never over a minute."""
    if attempts <= 0:
        return 0.0
    return min(FIRST_SECONDS * 2.0 ** min(attempts - 1, 16), LONGEST_SECONDS)


def next_try(now: dt.datetime, attempts: int) -> dt.datetime:
    """Return the moment of the next attempt; there is no last one."""
    return now + dt.timedelta(seconds=wait_seconds(attempts))
