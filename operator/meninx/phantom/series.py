"""A phantom as a classic MR series (PS3.3 A.4), with the headers of a 3D MPRAGE after gadolinium."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from meninx.imaging.conform import ds_text
from meninx.phantom.simulate import Phantom
from meninx.resources.names import derived_uid

WHITE_MATTER_STORED = 420
"""Stored value of white matter: what enhances lies at 500 and above."""
BIRTH_DATE = "19010203"
FIRST_STUDY = dt.datetime(2026, 1, 5, 7, 0)
MINUTES_PER_SEED = 7

Stored = npt.NDArray[np.uint16]


def stored_values(phantom: Phantom) -> Stored:
    """Return the image as the scanner stores it: 12 bits in 16, no rescale."""
    values: Stored = np.clip(np.rint(phantom.image * WHITE_MATTER_STORED), 0, 4095).astype(
        np.uint16
    )
    return values


def slices(phantom: Phantom, *, lesions_asked: int) -> list[Dataset]:
    """Return one data set a slice, ascending along the normal; all UIDs follow from the seed."""
    shared = _shared(phantom, lesions_asked)
    stored = stored_values(phantom)
    return [_slice(shared, phantom, stored[:, :, k], k) for k in range(stored.shape[2])]


def write_series(images: list[Dataset], folder: Path) -> Iterator[Path]:
    """Write each image as a Part 10 file; yield its path."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(images, start=1):
        path = folder / f"IM{number:04d}.dcm"
        image.save_as(path, enforce_file_format=True)
        yield path


def uid(phantom: Phantom, lesions_asked: int, *parts: str) -> str:
    """Return a UID that follows from the seed and everything that was asked for."""
    motion = () if phantom.motion is None else (str(phantom.motion),)
    return derived_uid(
        "phantom", str(phantom.seed), str(phantom.acquisition), str(lesions_asked),
        str(phantom.lesions), *motion, *parts,
    )  # fmt: skip


def _shared(phantom: Phantom, asked: int) -> Dataset:
    image = Dataset()
    for part in (_patient(phantom), _study(phantom, asked), _protocol(phantom), _pixels(phantom)):
        image.update(part)
    image.SeriesInstanceUID = uid(phantom, asked, "series")
    image.FrameOfReferenceUID = uid(phantom, asked, "frame")
    return image


def _patient(phantom: Phantom) -> Dataset:
    patient = Dataset()
    patient.SpecificCharacterSet = "ISO_IR 192"
    patient.PatientName = f"PHANTOM^S{phantom.seed}"
    patient.PatientID = f"MNX-{phantom.seed:04d}"
    patient.PatientBirthDate = BIRTH_DATE
    patient.PatientSex = "O"
    patient.PatientWeight = "70"
    return patient


def _study(phantom: Phantom, asked: int) -> Dataset:
    begun = FIRST_STUDY + dt.timedelta(minutes=MINUTES_PER_SEED * (phantom.seed % 50_000))
    study = Dataset()
    study.StudyInstanceUID = uid(phantom, asked, "study")
    study.StudyDate = study.SeriesDate = study.AcquisitionDate = study.ContentDate = begun.strftime(
        "%Y%m%d"
    )
    study.StudyTime = begun.strftime("%H%M%S")
    taken = (begun + dt.timedelta(minutes=4)).strftime("%H%M%S")
    study.SeriesTime = study.AcquisitionTime = study.ContentTime = taken
    study.StudyID = f"{phantom.seed % 10**8}"
    study.AccessionNumber = f"P{phantom.seed % 10**12}"
    study.ReferringPhysicianName = ""
    study.StudyDescription = "MR HEAD WITH GADOLINIUM"
    return study


def _protocol(phantom: Phantom) -> Dataset:
    protocol = Dataset()
    protocol.SOPClassUID = MRImageStorage
    protocol.Modality = "MR"
    protocol.Manufacturer = "Meninx Phantom"
    protocol.ManufacturerModelName = "Simulator"
    protocol.InstitutionName = "Phantom Hospital"
    protocol.SoftwareVersions = "1"
    protocol.DeviceSerialNumber = "1"
    protocol.SeriesNumber = 4
    protocol.AcquisitionNumber = 1
    protocol.SeriesDescription = protocol.ProtocolName = "T1 MPRAGE GADO"
    protocol.BodyPartExamined = "HEAD"
    protocol.PatientPosition = "HFS"
    protocol.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND", "NORM"]
    protocol.ScanningSequence = ["GR", "IR"]
    protocol.SequenceVariant = ["SK", "SP", "MP"]
    protocol.ScanOptions = ["IR", "WE"]
    protocol.SequenceName = "*tfl3d1"
    protocol.MRAcquisitionType = "3D"
    protocol.MagneticFieldStrength = "3"
    protocol.ImagingFrequency = "123.25"
    protocol.ImagedNucleus = "1H"
    protocol.RepetitionTime, protocol.EchoTime = "1900", "2.26"
    protocol.InversionTime, protocol.FlipAngle = "900", "9"
    protocol.EchoTrainLength, protocol.NumberOfAverages = 1, "1"
    protocol.PixelBandwidth = "200"
    protocol.InPlanePhaseEncodingDirection = "ROW"
    protocol.ContrastBolusAgent = "GADOBUTROL"
    protocol.ContrastBolusRoute = "IV"
    protocol.ContrastBolusVolume = "7"
    return protocol


def _pixels(phantom: Phantom) -> Dataset:
    columns, rows, _ = phantom.grid.shape
    between_columns, between_rows, step = phantom.grid.spacing_mm
    directions = phantom.grid.affine_lps[:3, :2] / [between_columns, between_rows]
    pixels = Dataset()
    pixels.SliceThickness = pixels.SpacingBetweenSlices = ds_text(step)
    pixels.ImageOrientationPatient = [ds_text(float(v)) for v in directions.T.ravel()]
    pixels.PixelSpacing = [ds_text(between_rows), ds_text(between_columns)]
    pixels.Rows, pixels.Columns = rows, columns
    pixels.PositionReferenceIndicator = ""
    pixels.SamplesPerPixel = 1
    pixels.PhotometricInterpretation = "MONOCHROME2"
    pixels.BitsAllocated, pixels.BitsStored, pixels.HighBit = 16, 12, 11
    pixels.PixelRepresentation = 0
    pixels.WindowCenter, pixels.WindowWidth = "450", "900"
    return pixels


def _slice(shared: Dataset, phantom: Phantom, stored: Stored, k: int) -> Dataset:
    image = Dataset()
    image.update(shared)
    position = phantom.grid.affine_lps @ [0.0, 0.0, k, 1.0]
    normal = phantom.grid.affine_lps[:3, 2] / phantom.grid.spacing_mm[2]
    image.SOPInstanceUID = derived_uid(str(shared.SeriesInstanceUID), str(k))
    image.InstanceNumber = k + 1
    image.ImagePositionPatient = [ds_text(float(v)) for v in position[:3]]
    image.SliceLocation = ds_text(float(position[:3] @ normal))
    image.PixelData = np.ascontiguousarray(stored.T).astype("<u2").tobytes()
    image["PixelData"].VR = "OW"
    image.file_meta = FileMetaDataset()
    image.file_meta.MediaStorageSOPClassUID = MRImageStorage
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return image
