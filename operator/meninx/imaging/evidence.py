"""What of the source images goes into a result: patient, study, geometry, references.

highdicom copies from its source images and pairs plane k with image k. So it never sees the
images themselves but one clean stand-in a plane: sorted by position, one orientation, text
decoded, numbers of legal length, and without pixels.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np
from pydicom import DataElement, Dataset, config
from pydicom.datadict import tag_for_keyword
from pydicom.uid import CTImageStorage, MRImageStorage
from pydicom.valuerep import validate_value

from meninx.base.errors import Broken
from meninx.imaging.conform import ds_text, plain_text
from meninx.imaging.geometry import Grid
from meninx.resources.names import derived_uid

PATIENT = (
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex",
    "OtherPatientIDsSequence", "PatientIdentityRemoved", "DeidentificationMethod",
)  # fmt: skip
STUDY = (
    "StudyDate", "StudyTime", "StudyID", "AccessionNumber",
    "IssuerOfAccessionNumberSequence", "ReferringPhysicianName", "StudyDescription",
    "PatientAge", "PatientSize", "PatientWeight",
)  # fmt: skip
EQUIPMENT = ("Manufacturer", "ManufacturerModelName", "LossyImageCompression")
REQUIRED_BY_HIGHDICOM = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
    "StudyID", "AccessionNumber",
)  # fmt: skip
CHARACTER_SET = "ISO_IR 192"
_STRICT = frozenset({"AS", "CS", "DA", "TM"})


@dataclass(frozen=True)
class Plane:
    """One image, or one frame of a multi-frame image, of the source."""

    sop_class_uid: str
    sop_instance_uid: str
    frame: int | None
    position_lps: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Source:
    """The images that a result is about."""

    grid: Grid
    planes: tuple[Plane, ...]
    """One for each slice of the grid, in any order."""
    example: Dataset = field(repr=False)
    """Headers of one of the images."""

    def planes_by_position(self) -> tuple[Plane, ...]:
        """Return the planes so that plane k is the grid's slice k; raise Broken if they don't fit."""
        to_index = np.linalg.inv(self.grid.affine_lps)
        places = [float((to_index @ (*plane.position_lps, 1.0))[2]) for plane in self.planes]
        order = np.argsort(places)
        if [round(places[i]) for i in order] != list(range(self.grid.shape[2])):
            raise Broken("the source's planes are not those of its grid: report this as a bug")
        return tuple(self.planes[i] for i in order)


@contextmanager
def without_quoting() -> Iterator[None]:
    """Keep pydicom and highdicom from warning: their warnings quote values, identity among them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def stand_ins(source: Source) -> tuple[list[Dataset], dict[str, Plane]]:
    """Return one classic stand-in a plane, by position, and what each stand-in's UID stands for."""
    shared = _shared_header(source)
    images: list[Dataset] = []
    stands_for: dict[str, Plane] = {}
    for number, plane in enumerate(source.planes_by_position(), start=1):
        image = Dataset()
        image.update(shared)
        image.SOPInstanceUID = f"2.25.{number}"
        image.ImagePositionPatient = [ds_text(value) for value in plane.position_lps]
        images.append(image)
        stands_for[image.SOPInstanceUID] = plane
    return images, stands_for


def instances(source: Source) -> list[Dataset]:
    """Return each source instance once, by position, as patient, study and reference."""
    shared = descriptive_header(source.example)
    classes = {p.sop_instance_uid: p.sop_class_uid for p in source.planes_by_position()}
    found: list[Dataset] = []
    for sop_instance_uid, sop_class_uid in classes.items():
        instance = Dataset()
        instance.update(shared)
        instance.SOPClassUID, instance.SOPInstanceUID = sop_class_uid, sop_instance_uid
        found.append(instance)
    return found


def _shared_header(source: Source) -> Dataset:
    header = descriptive_header(source.example)
    columns, rows, _ = source.grid.shape
    between_columns, between_rows, step = source.grid.spacing_mm
    row_direction = source.grid.affine_lps[:3, 0] / between_columns
    column_direction = source.grid.affine_lps[:3, 1] / between_rows
    header.SOPClassUID = CTImageStorage if header.Modality == "CT" else MRImageStorage
    header.Rows, header.Columns = rows, columns
    header.PixelSpacing = [ds_text(between_rows), ds_text(between_columns)]
    header.ImageOrientationPatient = [ds_text(v) for v in (*row_direction, *column_direction)]
    header.SliceThickness = ds_text(step)
    header.SpacingBetweenSlices = ds_text(step)
    return header


def descriptive_header(example: Dataset) -> Dataset:
    """Return patient, study and equipment of an image as decoded text, ready for UTF-8."""
    header = Dataset()
    with without_quoting():
        _copy(example, header, (*PATIENT, *STUDY, *EQUIPMENT))
        for keyword in REQUIRED_BY_HIGHDICOM:
            if keyword not in header:
                setattr(header, keyword, "")
        header.SpecificCharacterSet = CHARACTER_SET
        header.Modality = str(example.get("Modality") or "MR")
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
            setattr(header, keyword, _uid(example, keyword))
        if header.PatientSex not in {"", "M", "F", "O"}:
            header.PatientSex = ""
    return header


def _uid(example: Dataset, keyword: str) -> str:
    """Return a UID of the source; where it has none, one that makes the result legal and stable."""
    return str(example.get(keyword) or "") or derived_uid(keyword, str(example.SOPInstanceUID))


def _copy(example: Dataset, header: Dataset, keywords: Sequence[str]) -> None:
    for keyword in keywords:
        element = _legal(example, tag_for_keyword(keyword))
        if element is not None:
            header.add(element)


def _legal(example: Dataset, tag: int | None) -> DataElement | None:
    """Return a copy of an element, None where it is absent or its value breaks its VR."""
    try:
        element = None if tag is None else example.get(tag)
        if element is None:
            return None
        if element.VR in _STRICT and not element.is_empty:
            validate_value(element.VR, str(element.value), config.RAISE)
        return plain_text(deepcopy(element))
    except (ValueError, TypeError, NotImplementedError):
        return None
