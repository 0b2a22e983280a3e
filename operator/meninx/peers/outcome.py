"""What each answer of a peer means for a result: accepted, try again, refused (pure, a table)."""

from dataclasses import dataclass
from enum import StrEnum

from meninx.resources.reasons import Reason


class Verdict(StrEnum):
    """What to do after an answer."""

    ACCEPTED = "Accepted"
    AGAIN = "TryAgain"
    REFUSED = "Refused"


@dataclass(frozen=True)
class Outcome:
    """What became of one object at one peer."""

    verdict: Verdict
    reason: Reason
    message: str
    """A sentence without identity; stable over attempts, so that it is written once."""


@dataclass(frozen=True)
class _Rule:
    first: int
    last: int
    verdict: Verdict
    meaning: str


_STATUSES: tuple[_Rule, ...] = (
    _Rule(0x0000, 0x0000, Verdict.ACCEPTED, "success"),
    _Rule(0x0001, 0x0001, Verdict.ACCEPTED, "taken with a warning"),
    _Rule(0x0107, 0x0107, Verdict.ACCEPTED, "taken with a warning: attribute list"),
    _Rule(0x0110, 0x0110, Verdict.AGAIN, "processing failure"),
    _Rule(0x0111, 0x0111, Verdict.ACCEPTED, "held already"),
    _Rule(0x0116, 0x0116, Verdict.ACCEPTED, "taken with a warning: value out of range"),
    _Rule(0x0112, 0x0122, Verdict.REFUSED, "object or class not supported"),
    _Rule(0x0124, 0x0124, Verdict.REFUSED, "not authorised"),
    _Rule(0x0210, 0x0210, Verdict.AGAIN, "duplicate invocation"),
    _Rule(0x0211, 0x0212, Verdict.REFUSED, "operation not understood"),
    _Rule(0x0213, 0x0213, Verdict.AGAIN, "resource limitation"),
    _Rule(0xA700, 0xA7FF, Verdict.AGAIN, "out of resources"),
    _Rule(0xA900, 0xA9FF, Verdict.REFUSED, "data set does not match its class"),
    _Rule(0xB000, 0xBFFF, Verdict.ACCEPTED, "taken with a warning"),
    _Rule(0xC000, 0xCFFF, Verdict.REFUSED, "cannot understand"),
)
"""C-STORE statuses (PS3.4 table B.2-1, PS3.7 annex C); the first that holds the status."""

_REASONS: dict[Verdict, Reason] = {
    Verdict.ACCEPTED: Reason.DELIVERED,
    Verdict.AGAIN: Reason.DELIVERY_PENDING,
    Verdict.REFUSED: Reason.DELIVERY_REFUSED,
}


def of_status(status: int | None) -> Outcome:
    """Return what a C-STORE status means; None is an answer that never came."""
    if status is None:
        return Outcome(Verdict.AGAIN, Reason.DELIVERY_PENDING, "it gave no answer to an object")
    for rule in _STATUSES:
        if rule.first <= status <= rule.last:
            said = f"it answered {status:04X}, {rule.meaning}"
            return Outcome(rule.verdict, _REASONS[rule.verdict], said)
    said = f"it answered {status:04X}, a status without a meaning"
    return Outcome(Verdict.AGAIN, Reason.DELIVERY_PENDING, said)


def no_context(class_name: str) -> Outcome:
    """Return what it means that the peer accepts no object of a class."""
    return Outcome(
        Verdict.REFUSED,
        Reason.NO_PRESENTATION_CONTEXT,
        f"it does not take {class_name}: enable that class in it",
    )


def rejected(result: int, source: int, diagnostic: int) -> Outcome:
    """Return what an A-ASSOCIATE-RJ means (PS3.8 table 9-21): result 1 is for good."""
    said = f"it rejected the association ({result}, {source}, {diagnostic})"
    if result == 1:
        hint = f"{said}: check the AE titles on both sides"
        return Outcome(Verdict.REFUSED, Reason.DELIVERY_REFUSED, hint)
    return Outcome(Verdict.AGAIN, Reason.DELIVERY_PENDING, said)


def unreachable() -> Outcome:
    """Return what it means that no association came about."""
    return Outcome(
        Verdict.AGAIN, Reason.DELIVERY_PENDING, "it can't be reached: check host, port and network"
    )
