import json
from typing import Any

import pytest

from meninx.kube.watch import (
    FAILURES_UNTIL_LIST,
    LONGEST_PAUSE_SECONDS,
    LONGEST_WISH_SECONDS,
    Bookmark,
    Change,
    Failure,
    Next,
    WatchLimits,
    jittered,
    next_step,
    pause,
    read_line,
    retry_after,
)


def _plain(seconds: float) -> float:
    return seconds


@pytest.mark.parametrize(
    ("failure", "failures", "lasted", "then"),
    [
        (None, 0, 60.0, Next()),
        (None, 3, 60.0, Next()),
        (None, 0, 0.1, Next(pause_seconds=0.5, failures=1)),
        (None, 2, 0.1, Next(pause_seconds=2.0, failures=3)),
        (Failure(410, "gone"), 0, 60.0, Next(list_anew=True, failures=1)),
        (Failure(410, "gone"), 1, 0.1, Next(list_anew=True, pause_seconds=1.0, failures=2)),
        (Failure(429, "slow", 7.0), 0, 0.1, Next(pause_seconds=7.0, failures=1)),
        (Failure(429, "slow", 1e6), 0, 0.1, Next(False, LONGEST_WISH_SECONDS, 1)),
        (Failure(429, "slow"), 0, 0.1, Next(pause_seconds=0.5, failures=1)),
        (Failure(409, "conflict"), 0, 0.1, Next(pause_seconds=0.5, failures=1)),
        (Failure(500, "broken"), 1, 0.1, Next(pause_seconds=1.0, failures=2)),
        (Failure(503, "away", 1.0), 3, 0.1, Next(pause_seconds=4.0, failures=4)),
        (Failure(504, "too large"), 4, 0.1, Next(True, 8.0, FAILURES_UNTIL_LIST)),
        (Failure(None, "cut"), 0, 30.0, Next(pause_seconds=0.5, failures=1)),
        (Failure(403, "forbidden"), 20, 0.1, Next(False, LONGEST_PAUSE_SECONDS, 21)),
    ],
    ids=[
        "ended-in-order", "ended-in-order-after-failures", "ended-too-soon", "again-and-again",
        "gone", "gone-again", "asked-to-wait", "asked-to-wait-for-days", "too-many", "conflict",
        "broken", "away", "refused-for-long", "cut", "forbidden-for-long",
    ],
)  # fmt: skip
def test_end_of_a_watch_says_what_comes_next(
    failure: Failure | None, failures: int, lasted: float, then: Next
) -> None:
    assert next_step(failure, failures, lasted_seconds=lasted, jitter=_plain) == then


@pytest.mark.parametrize("failures", range(0, 200, 7))
def test_pause_grows_is_spread_and_bounded(failures: int) -> None:
    assert 0 < pause(failures) <= 1.5 * LONGEST_PAUSE_SECONDS
    assert pause(failures, _plain) <= pause(failures + 1, _plain)
    assert 0.5 <= jittered(1.0) <= 1.5


def test_client_waits_longer_than_the_server_and_notices_in_time() -> None:
    limits = WatchLimits()
    assert limits.client_seconds > limits.server_seconds > 0
    # O-22: what happens after a silent cut is handled within the time-out and 30 s.
    assert limits.grace_seconds + 1.5 * pause(1, _plain) < 30


def _line(type_: str, **thing: Any) -> bytes:
    return json.dumps({"type": type_, "object": thing}).encode()


JOB = {"metadata": {"name": "a", "resourceVersion": "7"}}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (_line("ADDED", **JOB), Change("ADDED", JOB)),
        (_line("DELETED", **JOB), Change("DELETED", JOB)),
        (_line("BOOKMARK", metadata={"resourceVersion": "9"}), Bookmark("9")),
        (_line("ERROR", code=410, message="too old"), Failure(410, "too old")),
        (
            _line("ERROR", code=429, message="slow", details={"retryAfterSeconds": 3}),
            Failure(429, "slow", 3),
        ),
        (_line("ERROR"), Failure(None, "")),
        (b'{"type": "ADDED", "obj', Failure(None, "a line of the watch can't be read")),
        (b"[]", Failure(None, "a line of the watch can't be read")),
        (b'{"type": "ADDED", "object": 3}', Failure(None, "a line of the watch can't be read")),
    ],
    ids=["added", "deleted", "bookmark", "gone", "slow", "error", "cut", "list", "number"],
)
def test_line_of_a_watch_is_read(line: bytes, said: object) -> None:
    assert read_line(line) == said


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({}, None), ({"Retry-After": "3"}, 3.0), ({"Retry-After": "Fri, 1 Jan 2027"}, None)],
    ids=["none", "seconds", "date"],
)
def test_wish_of_an_answer_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds
