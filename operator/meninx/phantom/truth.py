"""The ground truth of a phantom: label map as NIfTI and DICOM SEG, and each lesion's size."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from scipy import ndimage

from meninx.imaging.codes import Concept
from meninx.imaging.evidence import Plane, Source
from meninx.imaging.provenance import Identity, Maker
from meninx.imaging.seg import Segment, segmentation
from meninx.phantom.lesion import longest_mm
from meninx.phantom.simulate import Phantom
from meninx.resources.names import derived_uid

MENINGIOMA = Segment(
    1,
    "Meningioma",
    Concept("302820008", "SCT", "Intracranial meningioma"),
    Concept("49755003", "SCT", "Morphologically Abnormal Structure"),
)
TOUCHING = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True)
class Measured:
    """One lesion as it lies in the scanned volume."""

    volume_ml: float
    longest_mm: float
    centre_lps: tuple[float, float, float]


def measure(phantom: Phantom) -> list[Measured]:
    """Return each connected lesion of the truth, largest first."""
    pieces, count = ndimage.label(phantom.truth, TOUCHING)
    found = [_measured(np.argwhere(pieces == n), phantom) for n in range(1, count + 1)]
    return sorted(found, key=lambda lesion: -lesion.volume_ml)


def _measured(index: npt.NDArray[np.int64], phantom: Phantom) -> Measured:
    affine = phantom.grid.affine_lps
    points = index @ affine[:3, :3].T + affine[:3, 3]
    x, y, z = (round(float(value), 1) for value in points.mean(axis=0))
    volume = len(points) * phantom.grid.voxel_ml
    return Measured(round(volume, 4), round(longest_mm(points), 1), (x, y, z))


def write_nifti(phantom: Phantom, path: Path) -> None:
    """Write the label map, 1 where a meningioma is."""
    image = nibabel.Nifti1Image(phantom.truth.astype(np.uint8), phantom.grid.affine_ras)
    nibabel.save(image, path)


def truth_seg(phantom: Phantom, images: list[Dataset]) -> Dataset:
    """Return the truth as a segmentation that refers to the series' own images.

    It stands for what an expert has drawn, so its segment is MANUAL: trainings learn from it.
    """
    planes = tuple(_plane(image) for image in images)
    first = images[0]
    when = dt.datetime.strptime(f"{first.StudyDate}{first.StudyTime}+0000", "%Y%m%d%H%M%S%z")
    made = segmentation(
        phantom.truth.astype(np.uint8),
        Source(phantom.grid, planes, first),
        segments=[MENINGIOMA],
        maker=Maker("phantom", "Phantom ground truth", "1", "phantom", None, "1"),
        identity=_identity(str(first.SeriesInstanceUID), when),
    )
    for segment in made.SegmentSequence:
        segment.SegmentAlgorithmType = "MANUAL"
        for keyword in ("SegmentAlgorithmName", "SegmentationAlgorithmIdentificationSequence"):
            del segment[keyword]
    return made


def _plane(image: Dataset) -> Plane:
    x, y, z = (float(value) for value in image.ImagePositionPatient)
    return Plane(str(image.SOPClassUID), str(image.SOPInstanceUID), None, (x, y, z))


def _identity(series_uid: str, when: dt.datetime) -> Identity:
    series, sop, device, dimension, tracking = (
        derived_uid(series_uid, "truth", part)
        for part in ("series", "sop", "device", "dimension", "tracking")
    )
    return Identity(series, sop, device, dimension, (tracking,), when)
