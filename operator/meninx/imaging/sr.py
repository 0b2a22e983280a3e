"""Writing what was measured as a Comprehensive 3D SR by template TID 1500 (PS3.16)."""

from collections.abc import Sequence
from dataclasses import dataclass

from highdicom.sr import (
    AlgorithmIdentification,
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    ReferencedSegment,
    SourceSeriesForSegmentation,
    TrackingIdentifier,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from pydicom import Dataset

from meninx.imaging import codes
from meninx.imaging.conform import set_created, shorten_numbers
from meninx.imaging.evidence import Source, descriptive_header, instances, without_quoting
from meninx.imaging.measure import Measure
from meninx.imaging.provenance import MACHINE_MADE, MANUFACTURER, Identity, Maker
from meninx.imaging.seg import Segment

SERIES_NUMBER = 9002
_DIGITS = 6


@dataclass(frozen=True)
class Finding:
    """One label with what was measured of it."""

    segment: Segment
    measure: Measure


def report(
    findings: Sequence[Finding],
    source: Source,
    *,
    segmentation: Dataset | None,
    maker: Maker,
    identity: Identity,
) -> Dataset:
    """Return the measurement report: for each label its presence, volume and number of parts.

    A label that was not found is said to be absent, with volume 0. `segmentation` is the
    object that the report refers to, where one was made.
    """
    with without_quoting():
        dataset: Dataset = Comprehensive3DSR(
            evidence=[*instances(source), *_made(segmentation)],
            content=_content(
                findings, source, segmentation=segmentation, maker=maker, identity=identity
            ),
            series_instance_uid=identity.series_instance_uid,
            series_number=SERIES_NUMBER,
            sop_instance_uid=identity.sop_instance_uid,
            instance_number=1,
            manufacturer=MANUFACTURER,
            is_complete=True,
        )
        dataset.SeriesDescription = maker.series_description("report")
        dataset.ManufacturerModelName = maker.title
        dataset.SoftwareVersions = [maker.software, maker.version]
        dataset.DeviceSerialNumber = maker.digest[:64]
        set_created(dataset, identity.created)
        shorten_numbers(dataset)
    return dataset


def _made(segmentation: Dataset | None) -> list[Dataset]:
    return [] if segmentation is None else [segmentation]


def _content(
    findings: Sequence[Finding],
    source: Source,
    *,
    segmentation: Dataset | None,
    maker: Maker,
    identity: Identity,
) -> MeasurementReport:
    groups = [
        _group(finding, tracking_uid, number, source=source, segmentation=segmentation, maker=maker)
        for number, (finding, tracking_uid) in enumerate(
            zip(findings, identity.tracking_uids, strict=True), start=1
        )
    ]
    modality = str(source.example.get("Modality", ""))
    return MeasurementReport(
        observation_context=ObservationContext(observer_device_context=_observer(maker, identity)),
        procedure_reported=codes.PROCEDURES.get(modality, codes.IMAGING_PROCEDURE).coded(),
        imaging_measurements=groups,
        title=codes.IMAGING_MEASUREMENT_REPORT.coded(),
    )[0]


def _observer(maker: Maker, identity: Identity) -> ObserverContext:
    return ObserverContext(
        observer_type=codes.DEVICE.coded(),
        observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
            uid=identity.device_uid,
            name=f"{maker.title} {maker.version} ({MACHINE_MADE})",
            manufacturer_name=MANUFACTURER,
            model_name=maker.name,
            serial_number=maker.digest,
        ),
    )


def _group(
    finding: Finding,
    tracking_uid: str,
    number: int,
    *,
    source: Source,
    segmentation: Dataset | None,
    maker: Maker,
) -> MeasurementsAndQualitativeEvaluations | VolumetricROIMeasurementsAndQualitativeEvaluations:
    segment, region = finding.segment, finding.segment.region
    series_uid = descriptive_header(source.example).SeriesInstanceUID
    facts = {
        "tracking_identifier": TrackingIdentifier(
            uid=tracking_uid, identifier=f"{maker.name} {segment.name}"[:64]
        ),
        "finding_type": segment.type.coded(),
        "finding_category": segment.category.coded(),
        "algorithm_id": _algorithm(maker),
        "finding_sites": [FindingSite(region.coded())] if region else None,
        "measurements": _measurements(finding.measure),
        "qualitative_evaluations": [_presence(finding.measure)],
    }
    if segmentation is None or not finding.measure.voxels:
        return MeasurementsAndQualitativeEvaluations(**facts)
    return VolumetricROIMeasurementsAndQualitativeEvaluations(
        **facts,
        referenced_segment=ReferencedSegment(
            sop_class_uid=segmentation.SOPClassUID,
            sop_instance_uid=segmentation.SOPInstanceUID,
            segment_number=number,
            source_series=SourceSeriesForSegmentation(series_uid),
        ),
    )


def _algorithm(maker: Maker) -> AlgorithmIdentification:
    return AlgorithmIdentification(
        name=maker.title,
        version=maker.version,
        parameters=[f"{key}={value}" for key, value in maker.parameters().items()],
        family=codes.ARTIFICIAL_INTELLIGENCE.coded(),
        manufacturer=MANUFACTURER,
    )


def _measurements(measure: Measure) -> list[Measurement]:
    return [
        Measurement(
            name=codes.VOLUME.coded(),
            value=round(measure.volume_ml, _DIGITS),
            unit=codes.MILLILITRE.coded(),
        ),
        Measurement(
            name=codes.LESION_COUNT.coded(), value=measure.components, unit=codes.ONE.coded()
        ),
    ]


def _presence(measure: Measure) -> QualitativeEvaluation:
    answer = codes.PRESENT if measure.voxels else codes.ABSENT
    return QualitativeEvaluation(name=codes.PRESENCE.coded(), value=answer.coded())
