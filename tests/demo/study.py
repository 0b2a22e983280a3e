"""The phantom study, and the comparison of a segmentation with its ground truth by position."""

import io
import json
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
from tests.demo.shell import ROOT, DemoFailed, run

SEED = 7001
"""A head that neither training nor the choice of the threshold saw. One head says little: how the
model does on many is in its model card."""
_MENINX = str(Path(sys.executable).with_name("meninx"))
_SAME_PLACE_MM = 0.05
_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")

Mask = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Study:
    """A study made by `meninx phantom`."""

    folder: Path
    facts: dict[str, Any]

    @property
    def uid(self) -> str:
        """StudyInstanceUID."""
        return str(self.facts["study_instance_uid"])

    @property
    def files(self) -> list[Path]:
        """The images."""
        return sorted((self.folder / "dicom").glob("*.dcm"))


def make(seed: int, folder: Path, *options: str) -> Study:
    """Make a study; options as `meninx phantom` takes them."""
    words = [_MENINX, "phantom", "--seed", str(seed), "--out", str(folder), "--json", *options]
    return Study(folder, json.loads(run(words).stdout))


def new(seed: int, folder: Path) -> Study:
    """Make the demo's study: a lesion of 20 to 45 mm, and UIDs that no earlier run had."""
    study = make(seed, folder, "--lesion-mm", "20..45")
    renamed: dict[str, str] = {}
    for path in study.files:
        image = pydicom.dcmread(path)
        for keyword in _UIDS:
            old = str(image[keyword].value)
            image[keyword].value = renamed.setdefault(old, f"2.25.{uuid.uuid4().int}")
        image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
        image.save_as(path)
    return Study(folder, {**study.facts, "study_instance_uid": renamed[study.uid]})


def truth(study: Study) -> tuple[Mask, np.ndarray[Any, np.dtype[np.float64]]]:
    """Return the ground truth (column, row, slice) and its affine in LPS."""
    image = nibabel.load(study.folder / "truth.nii.gz")
    affine_ras = np.asarray(image.affine, dtype=float)
    return np.asarray(image.dataobj) > 0, np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine_ras


def mask_of(seg: bytes, study: Study) -> Mask:
    """Put each frame of a DICOM SEG where it says it is on the grid of the truth."""
    dataset = pydicom.dcmread(io.BytesIO(seg))
    wanted, affine_lps = truth(study)
    mask = np.zeros(wanted.shape, dtype=bool)
    frames = dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns)
    for group, frame in zip(dataset.PerFrameFunctionalGroupsSequence, frames, strict=True):
        position = [float(v) for v in group.PlanePositionSequence[0].ImagePositionPatient]
        column, row, plane = (np.linalg.inv(affine_lps) @ [*position, 1.0])[:3]
        if max(abs(column), abs(row), abs(plane - round(plane))) > _SAME_PLACE_MM:
            raise DemoFailed(f"a frame of the segmentation lies off the source grid at {position}")
        mask[:, :, round(plane)] |= frame.T.astype(bool)
    return mask


def dice(found: Mask, wanted: Mask) -> float:
    """Return the overlap of two masks, 0 to 1; 1 where both are empty."""
    total = int(found.sum() + wanted.sum())
    return 1.0 if total == 0 else 2.0 * int((found & wanted).sum()) / total


def volume(study: Study) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the images of the study (column, row, slice) on the grid of the truth."""
    wanted, affine_lps = truth(study)
    into_voxels = np.linalg.inv(affine_lps)
    out = np.zeros(wanted.shape)
    for path in study.files:
        image = pydicom.dcmread(path)
        place = into_voxels @ [*(float(v) for v in image.ImagePositionPatient), 1.0]
        out[:, :, round(float(place[2]))] = image.pixel_array.T
    return out


def picture_path() -> Path:
    """Return where the picture of the demo goes."""
    return ROOT / "build/demo/overlay.png"
