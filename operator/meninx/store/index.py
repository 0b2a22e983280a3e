"""Recording and finding instances, series, studies and committed results in the index."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, func, select, update
from sqlalchemy.dialects.sqlite import insert

from meninx.base.privacy import pseudonym, series_hash, study_hash
from meninx.store.header import Identity
from meninx.store.rows import InstanceRow, ResultRow, StudyRow
from meninx.store.tables import INSTANCES, RESULTS, STUDIES

_UNDECIDED = INSTANCES.c.revision.is_(None) & INSTANCES.c.job_uid.is_(None)


@dataclass(frozen=True)
class NewInstance:
    """What is recorded of an instance whose file is on disk."""

    identity: Identity
    transfer_syntax_uid: str
    path: str
    size: int
    sha256: str
    received_at: dt.datetime
    calling_aet: str
    job_uid: str | None


def _moment(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


class Index:
    """The index's statements; changes take the committer's connection, reads open their own."""

    def __init__(self, engine: Engine, data: Path, privacy_key: bytes) -> None:
        self._engine = engine
        self._data = data
        self._key = privacy_key

    # changes

    def record(self, connection: Connection, new: NewInstance) -> None:
        """Record an instance, or correct what is said of its file; never its revision."""
        if new.job_uid is None:
            self.touch(connection, new.identity.study_uid, new.received_at)
        else:
            self._know_study(connection, new.identity.study_uid, new.received_at)
        values = self._values(new)
        of_file = ("transfer_syntax_uid", "path", "size", "sha256")
        connection.execute(
            insert(INSTANCES)
            .values(**values)
            .on_conflict_do_update(
                index_elements=["study_uid", "sop_instance_uid"],
                set_={name: values[name] for name in of_file},
            )
        )

    def touch(self, connection: Connection, study_uid: str, when: dt.datetime) -> None:
        """Move the study's clock: something of it arrived."""
        self._know_study(connection, study_uid, when)
        moment = when.timestamp()
        connection.execute(
            update(STUDIES)
            .where(STUDIES.c.study_uid == study_uid, STUDIES.c.last_received < moment)
            .values(last_received=moment)
        )

    def decide(
        self,
        connection: Connection,
        study_uid: str,
        *,
        revision: int,
        sop_instance_uids: Sequence[str],
    ) -> None:
        """Stamp these instances with the revision where they have none."""
        for start in range(0, len(sop_instance_uids), 500):
            connection.execute(
                update(INSTANCES)
                .where(
                    INSTANCES.c.study_uid == study_uid,
                    INSTANCES.c.sop_instance_uid.in_(sop_instance_uids[start : start + 500]),
                    _UNDECIDED,
                )
                .values(revision=revision)
            )
        connection.execute(
            update(STUDIES)
            .where(STUDIES.c.study_uid == study_uid, STUDIES.c.revision < revision)
            .values(revision=revision)
        )

    def commit_results(
        self, connection: Connection, row: ResultRow, when: dt.datetime
    ) -> ResultRow:
        """Keep a job's results unless it has some; return those that it has then."""
        connection.execute(
            insert(RESULTS)
            .values(
                job_uid=row.job_uid,
                namespace=row.namespace,
                job=row.job,
                study_uid=row.study_uid,
                results=row.results,
                sop_instance_uids=list(row.sop_instance_uids),
                committed_at=when.timestamp(),
            )
            .on_conflict_do_nothing()
        )
        kept = connection.execute(select(RESULTS).where(RESULTS.c.job_uid == row.job_uid)).one()
        return _result(kept)

    # reads

    def sha256(self, study_uid: str, sop_instance_uid: str) -> str | None:
        """Return the digest of an instance's data set, or None where it is not held."""
        query = select(INSTANCES.c.sha256).where(
            INSTANCES.c.study_uid == study_uid, INSTANCES.c.sop_instance_uid == sop_instance_uid
        )
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()

    def studies_changed(self, quiet_before: dt.datetime) -> list[StudyRow]:
        """Return studies with undecided instances that have been quiet since then."""
        undecided = select(INSTANCES.c.study_uid).where(_UNDECIDED).distinct()
        return self._studies(
            STUDIES.c.study_uid.in_(undecided),
            STUDIES.c.last_received <= quiet_before.timestamp(),
        )

    def find_study(self, uid_or_hash: str) -> StudyRow | None:
        """Return a study by its UID or its keyed hash."""
        found = self._studies(
            (STUDIES.c.study_uid == uid_or_hash) | (STUDIES.c.study_hash == uid_or_hash)
        )
        return found[0] if found else None

    def find_series(self, study_uid: str, uid_or_hash: str) -> str | None:
        """Return the UID of a series of a study, named by UID or keyed hash."""
        query = (
            select(INSTANCES.c.series_uid)
            .where(INSTANCES.c.study_uid == study_uid)
            .where(
                (INSTANCES.c.series_uid == uid_or_hash) | (INSTANCES.c.series_hash == uid_or_hash)
            )
            .limit(1)
        )
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()

    def instances(
        self, study_uid: str, *, series_uid: str | None = None, revision: int | None = None
    ) -> list[InstanceRow]:
        """Return a study's (or series') instances as they came, of a revision where one is given.

        Revision n is every received instance that was decided on up to n; without a revision
        result objects are among the rows.
        """
        query = select(INSTANCES).where(INSTANCES.c.study_uid == study_uid)
        if series_uid is not None:
            query = query.where(INSTANCES.c.series_uid == series_uid)
        if revision is not None:
            query = query.where(INSTANCES.c.revision <= revision)
        with self._engine.connect() as connection:
            return [self._instance(row) for row in connection.execute(query.order_by("id"))]

    def instance(self, study_uid: str, sop_instance_uid: str) -> InstanceRow | None:
        """Return one instance."""
        query = select(INSTANCES).where(
            INSTANCES.c.study_uid == study_uid, INSTANCES.c.sop_instance_uid == sop_instance_uid
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return self._instance(row) if row else None

    def study_of_job(self, job_uid: str) -> str | None:
        """Return the study of the first result object that a job has stored."""
        query = (
            select(INSTANCES.c.study_uid)
            .where(INSTANCES.c.revision.is_(None), INSTANCES.c.job_uid == job_uid)
            .limit(1)
        )
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()

    def is_of_another_patient(self, identity: Identity) -> bool:
        """Tell whether a patient is named by both, and not the same one.

        Where an ID is not plain ASCII its bytes depend on the character set: then it can't be told.
        """
        plain = identity.patient_id.isascii()
        mine = self._patient("p", identity.patient_id) if plain else ""
        query = (
            select(INSTANCES.c.patient_key)
            .where(INSTANCES.c.study_uid == identity.study_uid, INSTANCES.c.job_uid.is_(None))
            .where(INSTANCES.c.patient_key.not_in(["", mine]))
            .limit(1)
        )
        with self._engine.connect() as connection:
            return bool(mine) and connection.execute(query).first() is not None

    def results(self, *conditions: ColumnElement[bool]) -> list[ResultRow]:
        """Return the committed results that fulfil the conditions, oldest first."""
        query = select(RESULTS).where(*conditions).order_by(RESULTS.c.committed_at)
        with self._engine.connect() as connection:
            return [_result(row) for row in connection.execute(query)]

    def paths(self) -> dict[str, str]:
        """Return path below the data folder and SOP class of every instance."""
        query = select(INSTANCES.c.path, INSTANCES.c.sop_class_uid)
        with self._engine.connect() as connection:
            return {row.path: row.sop_class_uid for row in connection.execute(query)}

    # how it works

    def _know_study(self, connection: Connection, study_uid: str, when: dt.datetime) -> None:
        connection.execute(
            insert(STUDIES)
            .values(
                study_uid=study_uid,
                study_hash=study_hash(self._key, study_uid),
                last_received=when.timestamp(),
                revision=0,
            )
            .on_conflict_do_nothing()
        )

    def _values(self, new: NewInstance) -> dict[str, Any]:
        who = new.identity
        return {
            "study_uid": who.study_uid,
            "series_uid": who.series_uid,
            "series_hash": series_hash(self._key, who.series_uid),
            "sop_instance_uid": who.sop_instance_uid,
            "sop_class_uid": who.sop_class_uid,
            "transfer_syntax_uid": new.transfer_syntax_uid,
            "path": new.path,
            "size": new.size,
            "sha256": new.sha256,
            "received_at": new.received_at.timestamp(),
            "calling_aet": new.calling_aet,
            "patient_key": self._patient("p", who.patient_id),
            "issuer_key": self._patient("q", who.issuer),
            "revision": None,
            "job_uid": new.job_uid,
        }

    def _patient(self, kind: str, raw: bytes) -> str:
        return pseudonym(self._key, kind, raw.decode("latin-1")) if raw else ""

    def _studies(self, *conditions: Any) -> list[StudyRow]:
        counted = (
            select(func.count())
            .where(INSTANCES.c.study_uid == STUDIES.c.study_uid, INSTANCES.c.job_uid.is_(None))
            .scalar_subquery()
        )
        query = select(STUDIES, counted.label("instances")).where(*conditions)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(STUDIES.c.last_received)).all()
        return [
            StudyRow(
                row.study_uid,
                row.study_hash,
                _moment(row.last_received),
                row.revision,
                row.instances,
            )
            for row in rows
        ]

    def _instance(self, row: Row[Any]) -> InstanceRow:
        return InstanceRow(
            study_uid=row.study_uid,
            series_uid=row.series_uid,
            sop_instance_uid=row.sop_instance_uid,
            sop_class_uid=row.sop_class_uid,
            transfer_syntax_uid=row.transfer_syntax_uid,
            path=self._data / row.path,
            revision=row.revision,
            received_at=_moment(row.received_at),
            calling_aet=row.calling_aet,
            patient_key=row.patient_key,
            issuer_key=row.issuer_key,
            job_uid=row.job_uid,
        )


def _result(row: Row[Any]) -> ResultRow:
    return ResultRow(
        job_uid=row.job_uid,
        namespace=row.namespace,
        job=row.job,
        study_uid=row.study_uid,
        results=row.results,
        sop_instance_uids=tuple(row.sop_instance_uids),
    )
