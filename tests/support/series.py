"""Synthetic classic MR series, as data sets and as files."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage
from tests.support.identity import BIRTH_DATE, PATIENT_ID, PATIENT_NAME
from tests.support.make import SERIES_UID, STUDY_UID

from meninx.resources.names import derived_uid

FRAME_OF_REFERENCE_UID = "2.25.3001"
Pixels = npt.NDArray[np.integer[Any]]
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)


HEADER: dict[str, Any] = {
    "SOPClassUID": MRImageStorage,
    "StudyInstanceUID": STUDY_UID,
    "SeriesInstanceUID": SERIES_UID,
    "FrameOfReferenceUID": FRAME_OF_REFERENCE_UID,
    "PatientName": PATIENT_NAME,
    "PatientID": PATIENT_ID,
    "PatientBirthDate": BIRTH_DATE,
    "PatientSex": "O",
    "StudyDate": "20260105",
    "StudyTime": "090000",
    "StudyID": "1",
    "AccessionNumber": "",
    "ReferringPhysicianName": "",
    "Modality": "MR",
    "Manufacturer": "Meninx tests",
    "SeriesNumber": 3,
    "SeriesDescription": "t1 mprage sag gd",
    "InstanceNumber": 1,
    "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"],
    "MRAcquisitionType": "3D",
    "SliceThickness": 1,
}


def mr_slice(
    pixels: Pixels | None = None,
    *,
    position_lps: Sequence[float] = (0.0, 0.0, 0.0),
    orientation: Sequence[float] = AXIAL,
    pixel_spacing_mm: Sequence[float] = (1.0, 1.0),
    **attributes: Any,
) -> Dataset:
    """Return one MR image (rows, columns); keywords are DICOM attributes, None leaves one out.

    `SOPInstanceUID` is derived from series, position, orientation and instance number unless it
    is given.
    """
    values = {
        **HEADER,
        "ImagePositionPatient": [_ds(value) for value in position_lps],
        "ImageOrientationPatient": [_ds(value) for value in orientation],
        "PixelSpacing": [_ds(value) for value in pixel_spacing_mm],
        **_pixel_module(np.zeros((8, 8), np.uint16) if pixels is None else pixels),
        **attributes,
    }
    ds = Dataset()
    for keyword, value in values.items():
        if value is not None:
            setattr(ds, keyword, value)
    if "SOPInstanceUID" not in ds:
        ds.SOPInstanceUID = derived_uid(
            ds.SeriesInstanceUID,
            str([float(value) for value in (*position_lps, *orientation)]),
            str(ds.get("InstanceNumber")),
        )
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


def _pixel_module(pixels: Pixels) -> dict[str, Any]:
    return {
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
        "PixelData": pixels.astype(pixels.dtype.newbyteorder("<")).tobytes(),
    }


def mr_series(
    count: int = 20,
    *,
    spacing_mm: float = 1.0,
    orientation: Sequence[float] = AXIAL,
    origin_lps: Sequence[float] = (0.0, 0.0, 0.0),
    pixels: Callable[[int], Pixels] | None = None,
    **attributes: Any,
) -> list[Dataset]:
    """Return an evenly spaced stack along the normal of its orientation, InstanceNumber from 1.

    `pixels` gives the picture of slice k; other keywords go to every slice.
    """
    normal = np.cross(orientation[:3], orientation[3:])
    return [
        mr_slice(
            pixels(k) if pixels else None,
            position_lps=tuple(np.asarray(origin_lps) + normal * (k * spacing_mm)),
            orientation=orientation,
            **({"InstanceNumber": k + 1} | attributes),
        )
        for k in range(count)
    ]


def write_series(datasets: Iterable[Dataset], folder: Path) -> list[Path]:
    """Write each data set as <number>.dcm in the order given; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, ds in enumerate(datasets):
        path = folder / f"{number:04d}.dcm"
        ds.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def _ds(value: float) -> str:
    """Format a number as a DS of at most 16 characters."""
    text = repr(float(value))
    digits = 15
    while len(text) > 16:
        text = f"{float(value):.{digits}g}"
        digits -= 1
    return text
