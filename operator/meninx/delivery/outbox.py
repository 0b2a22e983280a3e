"""Keeping deliveries across restarts, in the store's database."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Float, Integer, MetaData, String, Table, func, select
from sqlalchemy.dialects.sqlite import insert

from meninx.delivery.entry import Entry, State
from meninx.store.rows import ResultRow
from meninx.store.store import Store
from meninx.store.tables import RESULTS

_METADATA = MetaData()

_OUTBOX = Table(
    "outbox",
    _METADATA,
    Column("job_uid", String(64), primary_key=True),
    Column("destination", String(253), primary_key=True),
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try", Float, nullable=False),  # Unix time in seconds
    Column("reason", String(64), nullable=False),
    Column("message", String(1024), nullable=False),
    Column("changed_at", Float, nullable=False),
)

_REPORTED = Table(
    "reported",
    _METADATA,
    Column("job_uid", String(64), primary_key=True),
    Column("changed_at", Float, nullable=False),
)
"""Jobs whose last word is in the API server (or that are gone from it)."""


_KEY = ("job_uid", "destination", "sop_instance_uid")


def _moment(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def _values(entry: Entry, now: dt.datetime) -> dict[str, Any]:
    return {
        "job_uid": entry.job_uid,
        "destination": entry.destination,
        "sop_instance_uid": entry.sop_instance_uid,
        "state": str(entry.state),
        "attempts": entry.attempts,
        "next_try": entry.next_try.timestamp(),
        "reason": entry.reason,
        "message": entry.message,
        "changed_at": now.timestamp(),
    }


class Outbox:
    """Deliveries, safe over kill -9: each change is on disk when its call returns."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.create_tables(_METADATA)

    def open_results(self) -> list[ResultRow]:
        """Return the committed results whose last word is not told yet, oldest first."""
        return self._store.results(RESULTS.c.job_uid.not_in(select(_REPORTED.c.job_uid)))

    def ensure(self, entries: Sequence[Entry]) -> None:
        """Add the entries that are not there yet; those that are stay as they are."""
        now = self._store.clock.now()

        def add(connection: Connection) -> None:
            for entry in entries:
                connection.execute(
                    insert(_OUTBOX).values(**_values(entry, now)).on_conflict_do_nothing()
                )

        if entries:
            self._store.change(add)

    def save(self, entries: Iterable[Entry]) -> None:
        """Write what became of entries; one that was given up meanwhile stays away."""
        now = self._store.clock.now()
        values = [_values(entry, now) for entry in entries]

        def write(connection: Connection) -> None:
            for row in values:
                same = [_OUTBOX.c[name] == row[name] for name in _KEY]
                connection.execute(_OUTBOX.update().where(*same).values(**row))

        self._store.change(write)

    def keep_only(self, job_uid: str, destinations: Collection[str]) -> None:
        """Give up what waits for a destination that the job no longer names."""
        waiting = _OUTBOX.delete().where(
            _OUTBOX.c.job_uid == job_uid,
            _OUTBOX.c.state == str(State.WAITING),
            _OUTBOX.c.destination.not_in(destinations),
        )
        self._store.change(lambda connection: connection.execute(waiting))

    def entries(self, *, job_uid: str | None = None) -> list[Entry]:
        """Return all entries of a job, or all that wait."""
        query = select(_OUTBOX)
        if job_uid is not None:
            query = query.where(_OUTBOX.c.job_uid == job_uid)
        else:
            query = query.where(_OUTBOX.c.state == str(State.WAITING))
        rows = self._store.read(lambda c: c.execute(query.order_by("next_try")).all())
        return [
            Entry(
                job_uid=row.job_uid,
                destination=row.destination,
                sop_instance_uid=row.sop_instance_uid,
                next_try=_moment(row.next_try),
                state=State(row.state),
                attempts=row.attempts,
                reason=row.reason,
                message=row.message,
            )
            for row in rows
        ]

    def last_delivered(self) -> dict[str, dt.datetime]:
        """Return when each destination last took a result."""
        query = (
            select(_OUTBOX.c.destination, func.max(_OUTBOX.c.changed_at).label("last"))
            .where(_OUTBOX.c.state == str(State.DELIVERED))
            .group_by(_OUTBOX.c.destination)
        )
        rows = self._store.read(lambda c: c.execute(query).all())
        return {row.destination: _moment(row.last) for row in rows}

    def close(self, job_uid: str) -> None:
        """Say that a job's last word is told; what still waits of it is given up."""
        now = self._store.clock.now().timestamp()

        def write(connection: Connection) -> None:
            connection.execute(
                insert(_REPORTED).values(job_uid=job_uid, changed_at=now).on_conflict_do_nothing()
            )
            connection.execute(
                _OUTBOX.delete().where(
                    _OUTBOX.c.job_uid == job_uid, _OUTBOX.c.state == str(State.WAITING)
                )
            )

        self._store.change(write)
