"""What is said of a job's results: conditions Stored and Delivered (pure)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meninx.delivery.entry import Entry, State
from meninx.kube.conditions import NewCondition, find, merge, only
from meninx.resources.reasons import MEANINGS, Reason
from meninx.store.rows import ResultRow

STORED, DELIVERED = "Stored", "Delivered"


@dataclass(frozen=True)
class Standing:
    """Everything that decides what is said of one job."""

    result: ResultRow
    destinations: Sequence[str]
    """Names of the DicomNodes, as the job's spec has them."""
    known: frozenset[str]
    """DicomNodes that exist and may receive."""
    entries: Sequence[Entry]


@dataclass(frozen=True)
class Report:
    """What is to be said, and whether it is the last word."""

    stored: NewCondition
    delivered: NewCondition
    is_final: bool


def wanted_entries(standing: Standing, now: dt.datetime) -> list[Entry]:
    """Return the entries that the job asks for: each object to each destination that is known."""
    return [
        Entry(standing.result.job_uid, destination, uid, now)
        for destination in dict.fromkeys(standing.destinations)
        if destination in standing.known
        for uid in standing.result.sop_instance_uids
    ]


def report(standing: Standing) -> Report:
    """Return what is to be said of a job now; the order of the checks is their precedence."""
    delivered, is_final = _delivered(standing)
    return Report(_stored(standing.result), delivered, is_final)


def _stored(result: ResultRow) -> NewCondition:
    count = len(result.sop_instance_uids)
    if not count:
        return _said(STORED, "True", Reason.NO_FINDINGS, "The results hold no object.")
    return _said(STORED, "True", Reason.STORED, f"Objects in the store: {count}.")


def _said(type_: str, status: Any, reason: Reason | str, message: str) -> NewCondition:
    meaning = MEANINGS[Reason(reason)]
    remedy = "" if status == "True" else f" {meaning.remedy}"
    return NewCondition(type_, status, str(reason), f"{meaning.sentence} {message}{remedy}".strip())


def _delivered(standing: Standing) -> tuple[NewCondition, bool]:
    destinations = list(dict.fromkeys(standing.destinations))
    if not destinations or not standing.result.sop_instance_uids:
        return _said(DELIVERED, "True", Reason.NOTHING_TO_DELIVER, ""), True
    unknown = [name for name in destinations if name not in standing.known]
    mine = [entry for entry in standing.entries if entry.destination in destinations]
    waiting = [entry for entry in mine if not entry.is_final and entry.destination not in unknown]
    if waiting or not (mine or unknown):
        return _said(DELIVERED, "False", Reason.DELIVERY_PENDING, _each(waiting)), False
    if unknown:
        named = ", ".join(unknown)
        return _said(DELIVERED, "False", Reason.DESTINATION_UNKNOWN, f"DicomNode: {named}."), False
    refused = [entry for entry in mine if entry.state is State.REFUSED]
    if refused:
        return _said(DELIVERED, "False", refused[0].reason, _each(refused)), True
    return _said(DELIVERED, "True", Reason.DELIVERED, f"To: {', '.join(destinations)}."), True


def _each(entries: Sequence[Entry]) -> str:
    said = {f"{one.destination}: {one.message}." for one in entries if one.message}
    return " ".join(sorted(said))


def status_of(
    job: Mapping[str, Any], standing: Standing, said: Report, now: dt.datetime
) -> dict[str, Any] | None:
    """Return the status to apply, or None where the job says all that already."""
    generation = job["metadata"].get("generation")
    before = job.get("status", {})
    existing = before.get("conditions", [])
    same = all(
        _says(existing, new, generation) for new in (said.stored, said.delivered)
    ) and before.get("results") == dict(standing.result.results)
    if same:
        return None
    merged = merge(existing, said.stored, now, generation)
    merged = merge(merged, said.delivered, now, generation)
    return {
        "conditions": only(merged, {STORED, DELIVERED}),
        "results": dict(standing.result.results),
    }


def _says(existing: Sequence[Mapping[str, Any]], new: NewCondition, generation: Any) -> bool:
    old = find(existing, new.type)
    return old is not None and (new.status, new.reason, new.message, generation) == tuple(
        old.get(name) for name in ("status", "reason", "message", "observedGeneration")
    )
