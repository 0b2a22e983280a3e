"""What the index says, as frozen values."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StudyRow:
    """A study that the store holds."""

    study_uid: str
    study_hash: str
    last_received: dt.datetime
    revision: int
    """Highest revision that routing has decided on; 0 before the first."""
    instances: int


@dataclass(frozen=True)
class InstanceRow:
    """One instance that the store holds."""

    study_uid: str
    series_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    path: Path
    revision: int | None
    """The first revision it belongs to; None until routing has decided."""
    received_at: dt.datetime
    calling_aet: str
    patient_key: str
    """Keyed hash of PatientID without outer spaces; empty where there is none."""
    issuer_key: str
    """Keyed hash of IssuerOfPatientID; empty where there is none."""
    job_uid: str | None
    """UID of the InferenceJob that made it; None for what was received."""


@dataclass(frozen=True)
class ResultRow:
    """What a job's pod committed as its result."""

    job_uid: str
    namespace: str
    job: str
    study_uid: str
    results: dict[str, object]
    """JSON form of `resources.inferencejob.Results`."""
    sop_instance_uids: tuple[str, ...]


@dataclass(frozen=True)
class JobOrigin:
    """The job that made a result object."""

    namespace: str
    job: str
    job_uid: str
