"""One attempt: all due objects of one destination over one association."""

import datetime as dt
from collections.abc import Sequence

from meninx.base.logs import Log
from meninx.delivery import metrics
from meninx.delivery.entry import Entry, State, after
from meninx.peers import dimse
from meninx.peers.dimse import Caller, Sendable
from meninx.peers.node import Peer
from meninx.peers.outcome import Outcome, Verdict
from meninx.resources.reasons import Reason
from meninx.store.rows import InstanceRow

_LOG = Log(__name__)

_FILE_GONE = Outcome(
    Verdict.AGAIN,
    Reason.DELIVERY_PENDING,
    "the object's file is gone from the store: restore the store's volume",
)


def _sendable(row: InstanceRow) -> Sendable:
    return Sendable(row.sop_instance_uid, row.sop_class_uid, row.transfer_syntax_uid, row.path)


def attempt(
    caller: Caller,
    peer: Peer,
    due: Sequence[tuple[Entry, InstanceRow | None]],
    *,
    now: dt.datetime,
) -> list[Entry]:
    """Send the objects of the entries; return the entries as they are after it."""
    held = {row.sop_instance_uid: row for _, row in due if row is not None and row.path.exists()}
    outcomes = dimse.store(caller, peer, [_sendable(row) for row in held.values()]) if held else {}
    done = []
    for entry, _ in due:
        outcome = outcomes.get(entry.sop_instance_uid, _FILE_GONE)
        metrics.DELIVERIES.labels(entry.destination, outcome.verdict).inc()
        done.append(after(entry, outcome, now))
        _say(done[-1])
    return done


def _say(entry: Entry) -> None:
    facts = {"destination": entry.destination, "attempt": entry.attempts, "reason": entry.reason}
    if entry.state is State.DELIVERED:
        _LOG.info(f"a result was delivered: {entry.message}", **facts)
    else:
        _LOG.warning(f"a result was not delivered: {entry.message}", **facts)
