"""A MONAI Application Package of the tests: bright voxels become a segmentation and a report.

It knows its specification and nothing of Meninx: a folder of DICOM in, a folder of DICOM out.
"""

import os
import sys
from pathlib import Path

import highdicom as hd
import numpy as np
import numpy.typing as npt
from highdicom import sr
from pydicom import Dataset, dcmread
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

BRIGHT = float(os.environ.get("PACKAGE_THRESHOLD", "800"))
MAKER = {
    "manufacturer": "Third Party",
    "manufacturer_model_name": "Bright",
    "software_versions": "1",
}
ALGORITHM = hd.AlgorithmIdentificationSequence(
    "bright", family=codes.cid7162.ArtificialIntelligence, version="1.0.0"
)


def _folder(*variables: str, default: str) -> Path:
    return Path(next((os.environ[name] for name in variables if name in os.environ), default))


def _series(folder: Path) -> list[Dataset]:
    images = [dcmread(path) for path in folder.rglob("*") if path.is_file()]
    if not images:
        sys.exit("no DICOM in the input folder")
    return sorted(images, key=lambda image: float(image.ImagePositionPatient[2]))


def _segmentation(images: list[Dataset], mask: npt.NDArray[np.bool_]) -> Dataset:
    description = hd.seg.SegmentDescription(
        1,
        "Bright",
        codes.SCT.MorphologicallyAbnormalStructure,
        codes.SCT.Neoplasm,
        hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        ALGORITHM,
    )
    made: Dataset = hd.seg.Segmentation(
        images,
        mask,
        hd.seg.SegmentationTypeValues.BINARY,
        [description],
        series_instance_uid=generate_uid(),
        series_number=300,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        device_serial_number="1",
        omit_empty_frames=bool(mask.any()),
        **MAKER,
    )
    return made


def _report(images: list[Dataset], seg: Dataset) -> Dataset:
    device = sr.DeviceObserverIdentifyingAttributes(uid=generate_uid(), name="Bright")
    observer = sr.ObserverContext(codes.DCM.Device, device)
    group = sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        sr.TrackingIdentifier(generate_uid(), "bright"),
        referenced_segment=sr.ReferencedSegment(
            sop_class_uid=seg.SOPClassUID,
            sop_instance_uid=seg.SOPInstanceUID,
            segment_number=1,
            source_series=sr.SourceSeriesForSegmentation(images[0].SeriesInstanceUID),
        ),
        finding_type=codes.SCT.Neoplasm,
    )
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer),
        procedure_reported=sr.CodedConcept("25056-3", "LN", "MRI unspecified body region"),
        imaging_measurements=[group],
    )
    made: Dataset = sr.Comprehensive3DSR(
        [*images, seg],
        content,
        series_instance_uid=generate_uid(),
        series_number=301,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        is_complete=True,
        manufacturer=MAKER["manufacturer"],
    )
    return made


def main() -> None:
    """Read, threshold, write."""
    source = _folder("HOLOSCAN_INPUT_PATH", "MONAI_INPUTPATH", default="/var/holoscan/input")
    target = _folder("HOLOSCAN_OUTPUT_PATH", "MONAI_OUTPUTPATH", default="/var/holoscan/output")
    images = _series(source)
    mask = np.stack([image.pixel_array > BRIGHT for image in images])
    made = [_segmentation(images, mask)]
    if mask.any():
        made.append(_report(images, made[0]))
    for dataset in made:
        dataset.save_as(target / f"{dataset.SOPInstanceUID}.dcm", enforce_file_format=True)
    print(f"{len(images)} images, {int(mask.sum())} bright voxels")


main()
