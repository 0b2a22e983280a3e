"""Studies that hold a segmentation, as trainings ask for them: by keyed hashes alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Row, func, select

from meninx.store.tables import INSTANCES, STUDIES

SEGMENTATIONS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
"""SOP classes of voxel segmentations (PS3.6): Segmentation, Label Map Segmentation."""


@dataclass(frozen=True)
class SegmentationSeries:
    """A series of segmentations."""

    series_hash: str
    by_job: bool
    """True where a job of ours made a part of it."""


@dataclass(frozen=True)
class SegmentedStudy:
    """A study, whose it is, and its series of segmentations."""

    study_hash: str
    patient_key: str
    """Keyed hash of PatientID; empty where there is none."""
    series: tuple[SegmentationSeries, ...]


def segmented_studies(connection: Connection) -> list[SegmentedStudy]:
    """Return the studies with a segmentation, by their hashes; those still arriving are left out."""
    arriving = select(INSTANCES.c.study_uid).where(
        INSTANCES.c.revision.is_(None), INSTANCES.c.job_uid.is_(None)
    )
    series = (
        select(
            STUDIES.c.study_hash,
            INSTANCES.c.series_hash,
            func.max(INSTANCES.c.patient_key).label("patient_key"),
            func.count(INSTANCES.c.job_uid).label("by_jobs"),
        )
        .join(STUDIES, STUDIES.c.study_uid == INSTANCES.c.study_uid)
        .where(INSTANCES.c.sop_class_uid.in_(SEGMENTATIONS))
        .where(INSTANCES.c.study_uid.not_in(arriving))
        .group_by(STUDIES.c.study_hash, INSTANCES.c.series_hash)
        .order_by(STUDIES.c.study_hash, INSTANCES.c.series_hash)
    )
    return _by_study(connection.execute(series))


def _by_study(rows: Iterable[Row[tuple[str, str, str, int]]]) -> list[SegmentedStudy]:
    found: dict[str, list[Row[tuple[str, str, str, int]]]] = {}
    for row in rows:
        found.setdefault(row.study_hash, []).append(row)
    return [
        SegmentedStudy(
            study,
            max(row.patient_key for row in members),
            tuple(SegmentationSeries(row.series_hash, row.by_jobs > 0) for row in members),
        )
        for study, members in found.items()
    ]


def holds_segmentation(connection: Connection, study_uid: str) -> bool:
    """Tell whether a study holds a segmentation."""
    query = (
        select(INSTANCES.c.id)
        .where(INSTANCES.c.study_uid == study_uid)
        .where(INSTANCES.c.sop_class_uid.in_(SEGMENTATIONS))
        .limit(1)
    )
    return connection.execute(query).first() is not None
