"""Writing a label map as a DICOM Segmentation (PS3.3 A.51)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from highdicom import AlgorithmIdentificationSequence
from highdicom.seg import (
    SegmentAlgorithmTypeValues,
    Segmentation,
    SegmentationTypeValues,
    SegmentDescription,
)
from pydicom import Dataset

from meninx.imaging.codes import ARTIFICIAL_INTELLIGENCE, Concept
from meninx.imaging.conform import replace_uids, set_created, shorten_numbers
from meninx.imaging.evidence import Plane, Source, stand_ins, without_quoting
from meninx.imaging.measure import LabelMap
from meninx.imaging.provenance import MANUFACTURER, Identity, Maker

SERIES_NUMBER = 9001


@dataclass(frozen=True)
class Segment:
    """One value of a label map and what it means."""

    value: int
    name: str
    type: Concept
    category: Concept
    region: Concept | None = None


def segmentation(
    labels: LabelMap,
    source: Source,
    *,
    segments: Sequence[Segment],
    maker: Maker,
    identity: Identity,
) -> Dataset:
    """Return the segmentation of a label map on the source's grid.

    Segment n is the n-th of `segments`. Each frame carries the position and the reference of the
    image it lies on. Planes without voxels are left out; a map without any keeps them all, empty.
    """
    images, stands_for = stand_ins(source)
    with without_quoting():
        dataset: Dataset = Segmentation(
            source_images=images,
            pixel_array=_numbered(labels, segments).transpose(2, 1, 0),
            segmentation_type=SegmentationTypeValues.BINARY,
            segment_descriptions=_descriptions(segments, maker, identity),
            series_instance_uid=identity.series_instance_uid,
            series_number=SERIES_NUMBER,
            sop_instance_uid=identity.sop_instance_uid,
            instance_number=1,
            manufacturer=MANUFACTURER,
            manufacturer_model_name=maker.title,
            software_versions=maker.software,
            device_serial_number=maker.digest[:64],
            content_label="MENINX_SEG",
            content_description=maker.series_description("segmentation"),
            content_creator_name=f"{MANUFACTURER}^Machine",
            omit_empty_frames=bool(labels.any()),
        )
        _finish(dataset, maker, identity)
        _refer_to_sources(dataset, stands_for)
    return dataset


def _numbered(labels: LabelMap, segments: Sequence[Segment]) -> npt.NDArray[np.uint8]:
    number_of = np.zeros(256, dtype=np.uint8)
    for number, segment in enumerate(segments, start=1):
        number_of[segment.value] = number
    numbered: npt.NDArray[np.uint8] = number_of[labels]
    return numbered


def _descriptions(
    segments: Sequence[Segment], maker: Maker, identity: Identity
) -> list[SegmentDescription]:
    algorithm = AlgorithmIdentificationSequence(
        name=maker.title,
        family=ARTIFICIAL_INTELLIGENCE.coded(),
        version=maker.version,
        source=MANUFACTURER,
        parameters=maker.parameters(),
    )
    return [
        SegmentDescription(
            segment_number=number,
            segment_label=segment.name,
            segmented_property_category=segment.category.coded(),
            segmented_property_type=segment.type.coded(),
            algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
            algorithm_identification=algorithm,
            tracking_uid=tracking_uid,
            tracking_id=f"{maker.name} {segment.name}"[:64],
            anatomic_regions=[segment.region.coded()] if segment.region else None,
        )
        for number, (segment, tracking_uid) in enumerate(
            zip(segments, identity.tracking_uids, strict=True), start=1
        )
    ]


def _finish(dataset: Dataset, maker: Maker, identity: Identity) -> None:
    dataset.SoftwareVersions = [maker.software, maker.version]
    dataset.SeriesDescription = maker.series_description("segmentation")
    set_created(dataset, identity.created)
    shorten_numbers(dataset)
    organization = str(dataset.DimensionOrganizationSequence[0].DimensionOrganizationUID)
    replace_uids(dataset, {organization: identity.dimension_uid})


def _refer_to_sources(dataset: Dataset, stands_for: Mapping[str, Plane]) -> None:
    """Put the source images and frames in place of their stand-ins."""
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        for derivation in frame.get("DerivationImageSequence", []):
            for item in derivation.SourceImageSequence:
                plane = _name_source(item, stands_for)
                if plane.frame is not None:
                    item.ReferencedFrameNumber = plane.frame
    dataset.SourceImageSequence = _named_once(dataset.SourceImageSequence, stands_for)
    for series in dataset.ReferencedSeriesSequence:
        series.ReferencedInstanceSequence = _named_once(
            series.ReferencedInstanceSequence, stands_for
        )


def _named_once(items: Iterable[Dataset], stands_for: Mapping[str, Plane]) -> list[Dataset]:
    planes = [stands_for[str(item.ReferencedSOPInstanceUID)] for item in items]
    classes = {plane.sop_instance_uid: plane.sop_class_uid for plane in planes}
    references = []
    for instance, sop_class in classes.items():
        reference = Dataset()
        reference.ReferencedSOPClassUID = sop_class
        reference.ReferencedSOPInstanceUID = instance
        references.append(reference)
    return references


def _name_source(item: Dataset, stands_for: Mapping[str, Plane]) -> Plane:
    plane = stands_for[str(item.ReferencedSOPInstanceUID)]
    item.ReferencedSOPClassUID = plane.sop_class_uid
    item.ReferencedSOPInstanceUID = plane.sop_instance_uid
    return plane
