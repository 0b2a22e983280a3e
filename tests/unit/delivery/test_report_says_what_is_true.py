"""What is said of a job follows from its entries alone, in one order of precedence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import START

from meninx.delivery.entry import Entry, State
from meninx.delivery.report import Standing, report, wanted_entries
from meninx.resources.reasons import MEANINGS, Reason
from meninx.store.rows import ResultRow

UIDS = ("2.25.1", "2.25.2")


def _result(*uids: str) -> ResultRow:
    return ResultRow("uid-1", "meninx", "job", "2.25.9", {"findings": 1}, uids)


def _entry(state: State, destination: str = "pacs", uid: str = UIDS[0]) -> Entry:
    reasons = {State.REFUSED: "DeliveryRefused", State.DELIVERED: "Delivered", State.WAITING: ""}
    return Entry("uid-1", destination, uid, START, state, 1, reasons[state], f"said {state}")


def _standing(entries: list[Entry], known: tuple[str, ...] = ("pacs", "viewer")) -> Standing:
    return Standing(_result(*UIDS), ["pacs", "viewer"], frozenset(known), entries)


CASES = {
    "nothing tried yet": ([], ("pacs", "viewer"), "DeliveryPending", False),
    "one waits, one refused": (
        [_entry(State.REFUSED), _entry(State.WAITING, "viewer")],
        ("pacs", "viewer"),
        "DeliveryPending",
        False,
    ),
    "one refused": (
        [_entry(State.DELIVERED, "viewer"), _entry(State.REFUSED)],
        ("pacs", "viewer"),
        "DeliveryRefused",
        True,
    ),
    "node went away": (
        [_entry(State.DELIVERED), _entry(State.WAITING, "viewer")],
        ("pacs",),
        "DestinationUnknown",
        False,
    ),
    "all delivered": (
        [_entry(State.DELIVERED), _entry(State.DELIVERED, "viewer")],
        ("pacs", "viewer"),
        "Delivered",
        True,
    ),
}


@pytest.mark.parametrize(("entries", "known", "reason", "is_final"), CASES.values(), ids=CASES)
def test_entries_decide_the_reason(
    entries: list[Entry], known: tuple[str, ...], reason: str, is_final: bool
) -> None:
    said = report(_standing(entries, known))
    assert (said.delivered.reason, said.is_final) == (reason, is_final)
    assert MEANINGS[Reason(reason)].sentence in said.delivered.message


STATES = st.lists(st.sampled_from(list(State)), min_size=4, max_size=4)


@given(states=STATES)
def test_delivered_is_said_only_when_every_object_was_taken(states: list[State]) -> None:
    wanted = wanted_entries(_standing([]), START)
    entries = [
        _entry(state, one.destination, one.sop_instance_uid)
        for one, state in zip(wanted, states, strict=True)
    ]
    said = report(_standing(entries))
    assert (said.delivered.status == "True") == (set(states) == {State.DELIVERED})
    assert said.is_final == (State.WAITING not in states)


def test_each_object_goes_once_to_each_known_destination() -> None:
    standing = Standing(_result(*UIDS), ["pacs", "pacs", "gone"], frozenset({"pacs"}), [])
    wanted = wanted_entries(standing, START)
    assert [(one.destination, one.sop_instance_uid) for one in wanted] == [
        ("pacs", UIDS[0]),
        ("pacs", UIDS[1]),
    ]


def test_result_without_an_object_is_stored_and_done() -> None:
    said = report(Standing(_result(), ["pacs"], frozenset({"pacs"}), []))
    assert (said.stored.status, said.stored.reason) == ("True", "NoFindings")
    assert said.delivered.reason == "NothingToDeliver"
