"""The µPACS as the other rooms see it."""

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, MetaData

from meninx.base.clock import Clock, SystemClock
from meninx.base.errors import NotFound
from meninx.base.logs import Log
from meninx.store.committer import Committer
from meninx.store.header import Identity
from meninx.store.index import Index
from meninx.store.layout import INSTANCES, index_path
from meninx.store.presence import Alive, Presence
from meninx.store.repair import Repaired, repair
from meninx.store.rows import InstanceRow, ResultRow, StudyRow
from meninx.store.tables import METADATA, open_engine
from meninx.store.writer import Encoded, Kept, Writer

T = TypeVar("T")
RESERVE_BYTES = 64 * 1024 * 1024
_LOG = Log(__name__)


class Store:
    """Files and index of one data folder; safe to use from several threads, by one process."""

    def __init__(self, data: Path, privacy_key: bytes, *, clock: Clock, reserve_bytes: int) -> None:
        (data / INSTANCES).mkdir(parents=True, exist_ok=True)
        self.clock = clock
        self.data = data
        self._engine: Engine = open_engine(index_path(data))
        METADATA.create_all(self._engine)
        self._index = Index(self._engine, data, privacy_key)
        self._committer = Committer(self._engine)
        self._presence = Presence()
        self._writer = Writer(
            data, self._index, self._committer, clock=clock, reserve_bytes=reserve_bytes
        )
        self.repaired: Repaired = repair(data, self._index, self._committer)

    @classmethod
    def open(
        cls,
        data: Path,
        privacy_key: bytes,
        *,
        clock: Clock | None = None,
        reserve_bytes: int = RESERVE_BYTES,
    ) -> Self:
        """Open (or make) the store of a data folder and repair its index."""
        store = cls(data, privacy_key, clock=clock or SystemClock(), reserve_bytes=reserve_bytes)
        done = store.repaired
        if done.indexed or done.aside:
            _LOG.info("files that were being written are in the index now", count=done.indexed)
        if done.lost:
            _LOG.warning("instances of the index have no file: restore the volume", count=done.lost)
        return store

    def close(self) -> None:
        """Finish what was begun and let the index go."""
        self._committer.close()
        self._engine.dispose()

    @property
    def is_writing(self) -> bool:
        """Whether the thread that writes the index is there."""
        return self._committer.is_alive

    # what comes in

    def put(self, encoded: Encoded, *, sender: Alive | None = None) -> Kept:
        """Keep an instance: on return it survives kill -9 and power cut.

        `sender` tells whether the association that brought it is still open. Raises OutOfSpace
        or Unavailable, and then nothing is left.
        """
        if sender is not None:
            self._presence.note(encoded.identity.study_uid, sender)
        return self._writer.put(encoded)

    # what routing asks and says

    def studies_changed(self, quiet_before: dt.datetime) -> list[StudyRow]:
        """Return studies with instances not yet decided on, quiet since then, oldest first."""
        return self._index.studies_changed(quiet_before)

    def study_instances(self, study_uid: str) -> list[InstanceRow]:
        """Return what was received of a study, decided or not; result objects are left out."""
        return [row for row in self._index.instances(study_uid) if row.job_uid is None]

    def received(self, study_uid: str, *, revision: int | None) -> list[InstanceRow]:
        """Return what was received of a study up to a revision; None is all of it."""
        rows = self._index.instances(study_uid, revision=revision)
        return [row for row in rows if row.job_uid is None]

    def everything(self, study_uid: str) -> list[InstanceRow]:
        """Return all instances of a study, received or made by jobs."""
        return self._index.instances(study_uid)

    def mark_decided(
        self, study_uid: str, *, revision: int, sop_instance_uids: Sequence[str]
    ) -> None:
        """Stamp these instances with the revision, where they have none."""
        uids = list(sop_instance_uids)
        self._committer.submit(
            lambda connection: self._index.decide(
                connection, study_uid, revision=revision, sop_instance_uids=uids
            )
        )

    def open_associations(self, study_uid: str) -> bool:
        """Tell whether an association that delivered to the study is still open."""
        return self._presence.is_open(study_uid)

    # what is asked for

    def find_study(self, uid_or_hash: str) -> StudyRow | None:
        """Return a study by UID or keyed hash."""
        return self._index.find_study(uid_or_hash)

    def find_series(self, study_uid: str, uid_or_hash: str) -> str | None:
        """Return the UID of a series of the study, by UID or keyed hash."""
        return self._index.find_series(study_uid, uid_or_hash)

    def series_instances(
        self, study_uid: str, series_uid: str, *, revision: int | None = None
    ) -> list[InstanceRow]:
        """Return the instances of a series; of a revision: all decided on up to it."""
        return self._index.instances(study_uid, series_uid=series_uid, revision=revision)

    def instance(self, study_uid: str, sop_instance_uid: str) -> InstanceRow | None:
        """Return one instance, received or made."""
        return self._index.instance(study_uid, sop_instance_uid)

    # results of jobs

    def study_of_job(self, job_uid: str) -> str | None:
        """Return the UID of the study that a job has stored result objects of."""
        return self._index.study_of_job(job_uid)

    def is_of_another_patient(self, identity: Identity) -> bool:
        """Tell whether an instance names another patient than what was received of its study."""
        return self._index.is_of_another_patient(identity)

    def commit_results(self, row: ResultRow) -> ResultRow:
        """Keep what a job's pod found, once: the first commit wins and is returned.

        Raises NotFound where an object that it names is not stored.
        """
        for uid in row.sop_instance_uids:
            if self._index.instance(row.study_uid, uid) is None:
                raise NotFound(f"result object of job {row.job} is not stored: store it first")
        now = self.clock.now()
        kept = self._committer.submit(lambda c: self._index.commit_results(c, row, now))
        if set(kept.sop_instance_uids) != set(row.sop_instance_uids):
            _LOG.warning("a job committed other results a second time: the first stay", job=row.job)
        return kept

    def results(self, *conditions: ColumnElement[bool]) -> list[ResultRow]:
        """Return committed results, oldest first; conditions are on the table of results."""
        return self._index.results(*conditions)

    # other rooms' own tables

    def create_tables(self, metadata: MetaData) -> None:
        """Make a room's own tables in the store's database."""
        metadata.create_all(self._engine)

    def change(self, statements: Callable[[Connection], T]) -> T:
        """Apply a room's changes to its own tables; on return they are on disk."""
        return self._committer.submit(statements)

    def read(self, statements: Callable[[Connection], T]) -> T:
        """Run a room's queries on its own tables."""
        with self._engine.connect() as connection:
            return statements(connection)
