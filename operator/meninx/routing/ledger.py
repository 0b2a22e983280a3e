"""What routing must remember beside the API server: jobs once made, studies that wait for a person.

Its tables lie in the store's database. A job that was made and removed again (its time to live) is
never made anew; a study that could not be used because a route or model was wrong, missing or
suspended is looked at again when routes or models change.
"""

from dataclasses import dataclass

from sqlalchemy import Column, Connection, MetaData, String, Table, delete, select
from sqlalchemy.dialects.sqlite import insert

from meninx.store.store import Store

METADATA = MetaData()

MADE = Table(
    "routing_jobs_made",
    METADATA,
    Column("namespace", String(63), primary_key=True),
    Column("job", String(253), primary_key=True),
)

HELD = Table(
    "routing_studies_held",
    METADATA,
    Column("study_uid", String(64), primary_key=True),
    Column("catalogue", String(64), nullable=False),  # fingerprint of what it was decided with
)


@dataclass(frozen=True)
class Ledger:
    """The memory of routing in one store."""

    store: Store

    @classmethod
    def open(cls, store: Store) -> "Ledger":
        """Make the tables where they are missing."""
        store.create_tables(METADATA)
        return cls(store)

    def was_made(self, namespace: str, job: str) -> bool:
        """Tell whether a job was made before, whether or not it is still there."""
        query = select(MADE.c.job).where(MADE.c.namespace == namespace, MADE.c.job == job)
        return self.store.read(lambda connection: connection.execute(query).first() is not None)

    def note_made(self, namespace: str, job: str) -> None:
        """Remember that a job is in the API server."""
        row = insert(MADE).values(namespace=namespace, job=job).on_conflict_do_nothing()
        self._change(row)

    def hold(self, study_uid: str, catalogue: str) -> None:
        """Remember that a study waits for routes or models other than these."""
        row = insert(HELD).values(study_uid=study_uid, catalogue=catalogue)
        changed = {"catalogue": catalogue}
        self._change(row.on_conflict_do_update(index_elements=["study_uid"], set_=changed))

    def release(self, study_uid: str) -> None:
        """Forget that a study waits."""
        self._change(delete(HELD).where(HELD.c.study_uid == study_uid))

    def waiting(self, catalogue: str) -> list[str]:
        """Return the studies that wait and were last looked at with other routes or models."""
        query = select(HELD.c.study_uid).where(HELD.c.catalogue != catalogue)
        return self.store.read(lambda connection: list(connection.execute(query).scalars()))

    def _change(self, statement: object) -> None:
        def run(connection: Connection) -> None:
            connection.execute(statement)  # type: ignore[call-overload]

        self.store.change(run)
