"""When a delivery is tried again, and what each attempt makes of it."""

import pytest
from tests.support.clock import START

from meninx.delivery.entry import Entry, State, after
from meninx.delivery.schedule import wait_seconds
from meninx.peers.outcome import of_status

ENTRY = Entry("uid-1", "pacs", "2.25.1", START)


def test_wait_doubles_from_two_seconds_to_a_minute() -> None:
    waits = [wait_seconds(attempts) for attempts in range(9)]
    assert waits == [0, 2, 4, 8, 16, 32, 60, 60, 60]
    assert wait_seconds(10**6) == 60


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (0x0000, State.DELIVERED),
        (0xB007, State.DELIVERED),
        (0xA700, State.WAITING),
        (None, State.WAITING),
        (0xA900, State.REFUSED),
    ],
    ids=["success", "warning", "resources", "no answer", "mismatch"],
)
def test_attempt_moves_the_entry_to_its_state(status: int | None, state: State) -> None:
    tried = after(ENTRY, of_status(status), START)
    assert (tried.state, tried.attempts) == (state, 1)
    assert tried.is_due(START) is False


def test_entry_is_due_again_only_after_its_wait() -> None:
    tried = after(ENTRY, of_status(None), START)
    assert (tried.next_try - START).total_seconds() == 2
    assert tried.is_due(tried.next_try)
