"""Columns of the index, and how its database is opened."""

from pathlib import Path

from sqlalchemy import (
    JSON,
    Column,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    event,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

METADATA = MetaData()

STUDIES = Table(
    "studies",
    METADATA,
    Column("study_uid", String(64), primary_key=True),
    Column("study_hash", String(21), nullable=False, unique=True),
    Column("last_received", Float, nullable=False),  # Unix time in seconds
    Column("revision", Integer, nullable=False, default=0),
)

INSTANCES = Table(
    "instances",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("study_uid", String(64), nullable=False),
    Column("series_uid", String(64), nullable=False),
    Column("series_hash", String(21), nullable=False),
    Column("sop_instance_uid", String(64), nullable=False),
    Column("sop_class_uid", String(64), nullable=False),
    Column("transfer_syntax_uid", String(64), nullable=False),
    Column("path", String(255), nullable=False),  # below the data folder
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),  # of the encoded data set
    Column("received_at", Float, nullable=False),
    Column("calling_aet", String(16), nullable=False),
    Column("patient_key", String(21), nullable=False),
    Column("issuer_key", String(21), nullable=False),
    Column("revision", Integer),
    Column("job_uid", String(64)),
    UniqueConstraint("study_uid", "sop_instance_uid"),
    Index("instances_of_series", "study_uid", "series_uid"),
    Index("instances_by_sop", "sop_instance_uid"),
    Index("instances_undecided", "revision", "job_uid", "study_uid"),
)

RESULTS = Table(
    "results",
    METADATA,
    Column("job_uid", String(64), primary_key=True),
    Column("namespace", String(63), nullable=False),
    Column("job", String(253), nullable=False),
    Column("study_uid", String(64), nullable=False),
    Column("results", JSON, nullable=False),
    Column("sop_instance_uids", JSON, nullable=False),
    Column("committed_at", Float, nullable=False),
)


def _durable(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.execute("PRAGMA temp_store=MEMORY")  # a pod's root is read-only
    cursor.close()


def open_engine(path: Path) -> Engine:
    """Open the index; a commit that returned survives a power cut."""
    engine = create_engine(
        f"sqlite:///{path}",
        pool_size=4,
        max_overflow=60,
        connect_args={"timeout": 30},
        hide_parameters=True,  # parameters are UIDs, and errors go into logs
    )
    event.listen(engine, "connect", _durable)
    return engine
