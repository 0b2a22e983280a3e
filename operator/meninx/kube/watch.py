"""What a watch does next, given how the last one ended; and what its lines say (pure)."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

Manifest = dict[str, Any]

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 15.0
LONGEST_WISH_SECONDS = 60.0
"""A Retry-After longer than that is not waited for: the server may have meant another day."""
SHORT_SECONDS = 1.0
"""A watch that ends in order but sooner counts as a failure: else it would be a busy loop."""
FAILURES_UNTIL_LIST = 5
"""A position that the server keeps refusing is given up (it may come from before a restore)."""
GONE = 410


@dataclass(frozen=True)
class WatchLimits:
    """Time limits of one watch. The client's own is longer: it only bites when the server is silent."""

    server_seconds: float = 60.0
    """After this the server ends the watch in order; it goes on from where it was, so it is cheap."""
    grace_seconds: float = 15.0
    """How much longer the client waits for a byte before it takes the connection for dead."""
    page: int = 500

    @property
    def client_seconds(self) -> float:
        """Return how long the client waits for the next byte."""
        return self.server_seconds + self.grace_seconds


@dataclass(frozen=True)
class Failure:
    """Why a list or watch failed; status is None where there was no answer."""

    status: int | None
    message: str
    retry_after_seconds: float | None = None


@dataclass(frozen=True)
class Next:
    """What an informer does after a watch has ended or a call has failed."""

    list_anew: bool = False
    pause_seconds: float = 0.0
    failures: int = 0
    """Failures in a row, this one included."""


@dataclass(frozen=True)
class Change:
    """One line of a watch that tells of an object."""

    type: str
    """ADDED, MODIFIED or DELETED."""
    manifest: Manifest


@dataclass(frozen=True)
class Bookmark:
    """One line of a watch that only tells how far it is."""

    version: str


Line = Change | Bookmark | Failure


def jittered(delay_seconds: float) -> float:
    """Return a delay spread over half to one and a half of itself."""
    return delay_seconds * random.uniform(0.5, 1.5)  # noqa: S311 - no secret


def pause(failures: int, jitter: Callable[[float], float] = jittered) -> float:
    """Return the seconds to wait after so many failures in a row."""
    doubled = FIRST_PAUSE_SECONDS * 2.0 ** min(max(failures - 1, 0), 10)
    return jitter(min(doubled, LONGEST_PAUSE_SECONDS))


def next_step(
    failure: Failure | None,
    failures: int,
    *,
    lasted_seconds: float = 0.0,
    jitter: Callable[[float], float] = jittered,
) -> Next:
    """Say what comes after a watch: `failures` is how many there were in a row before this end."""
    if failure is None and lasted_seconds >= SHORT_SECONDS:
        return Next()
    count = failures + 1
    wait = pause(count, jitter)
    if failure is None:
        return Next(pause_seconds=wait, failures=count)
    if failure.status == GONE:
        return Next(list_anew=True, pause_seconds=0.0 if count == 1 else wait, failures=count)
    wish = min(failure.retry_after_seconds or 0.0, LONGEST_WISH_SECONDS)
    return Next(count % FAILURES_UNTIL_LIST == 0, max(wait, wish), count)


def read_line(line: bytes) -> Line:
    """Return what a line of a watch says; what can't be read is a failure, as a cut line is."""
    try:
        document = from_json(line, cache_strings="keys")
        type_, manifest = document["type"], document["object"]
        version = manifest.get("metadata", {}).get("resourceVersion", "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return Failure(None, "a line of the watch can't be read")
    if type_ == "ERROR":
        return _told(manifest)
    if type_ == "BOOKMARK":
        return Bookmark(version)
    return Change(type_, manifest)


def _told(status: Mapping[str, Any]) -> Failure:
    details = status.get("details") or {}
    wish = details.get("retryAfterSeconds")
    return Failure(status.get("code"), str(status.get("message", ""))[:300], wish)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer asks to wait (the API server never gives a date)."""
    said = headers.get("Retry-After", "")
    return float(said) if said.isdigit() else None
