"""One pair looked at: what it is like, and what is wrong with it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from nibabel import aff2axcodes
from nibabel.filebasedimages import ImageFileError
from scipy import ndimage

from meninx_models.data.layouts import Case, DataUnusable, Pair, read_pair

SOURCES_FILE = "sources.json"
"""Where Meninx says what a data set of DICOM was made from, and what made no pair."""
SAME_PLACE_MM = 0.01
TOUCHING = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True)
class Labels:
    """Which values of a label map are lesion, and which may be there beside them."""

    lesion: tuple[int, ...]
    background: tuple[int, ...]


@dataclass(frozen=True)
class Problem:
    """Why a pair can't be used."""

    case: str
    reason: str
    message: str


@dataclass(frozen=True)
class Looked:
    """What a usable pair is like."""

    case: str
    subject: str
    files_sha256: str
    pixels_sha256: str
    """Of the image's values alone: the same picture under another name has the same."""
    shape: tuple[int, ...]
    spacing_mm: tuple[float, ...]
    orientation: str
    intensity: tuple[float, ...]
    """Least, 1st, 50th and 99th percentile, greatest."""
    labels: tuple[int, ...]
    lesion_ml: float
    lesions: int


def look(case: Case, labels: Labels) -> Looked | Problem:
    """Look at one pair."""
    if case.image is None:
        return Problem(case.name, "ImageMissing", "there is a label, but no image of that name")
    if case.label is None:
        return Problem(case.name, "LabelMissing", "there is an image, but no label of that name")
    try:
        pair = read_pair(case)
    except (ImageFileError, OSError, ValueError, KeyError, EOFError) as error:
        return Problem(case.name, "Unreadable", f"{type(error).__name__}: {error}")
    wrong = _wrong(pair, labels)
    return Problem(case.name, *wrong) if wrong else _looked(case, pair, labels)


def unmade(folder: Path) -> list[Problem]:
    """Return the studies of which no pair could be made, as sources.json beside the pairs says.

    Raises DataUnusable where it can't be read.
    """
    path = folder / SOURCES_FILE
    if not path.is_file():
        return []
    try:
        listed = json.loads(path.read_text())["broken"]
        return [Problem(one["case"], one["reason"], one["message"]) for one in listed]
    except (ValueError, KeyError, TypeError) as error:
        raise DataUnusable(f"{SOURCES_FILE} of the data set can't be read") from error


def _wrong(pair: Pair, labels: Labels) -> tuple[str, str] | None:
    """Return reason and message of the first thing wrong with a pair, or None."""
    image, label = pair.image, pair.label
    if image.ndim != 3 or min(image.shape) < 2:
        return "NotOneVolume", f"the image has shape {image.shape}: one 3D volume is needed"
    if image.shape != label.shape:
        return "ShapeMismatch", f"image {image.shape}, label {label.shape}: use one grid"
    if abs(np.linalg.det(pair.image_affine[:3, :3])) < 1e-6:
        return "NotOneVolume", "the image's affine is not that of a volume"
    apart = _apart_mm(pair)
    if apart > SAME_PLACE_MM:
        return "AffineMismatch", f"image and label lie up to {apart:.2f} mm apart: use one grid"
    return _wrong_values(pair, labels)


def _wrong_values(pair: Pair, labels: Labels) -> tuple[str, str] | None:
    if not np.isfinite(pair.image).all():
        return "NotFinite", "the image holds NaN or infinite values"
    if float(pair.image.max()) <= float(pair.image.min()):
        return "Empty", "all voxels of the image are equal"
    allowed = {*labels.lesion, *labels.background}
    strange = sorted({float(value) for value in np.unique(pair.label)} - allowed)
    if strange or not np.isfinite(pair.label).all():
        shown = ", ".join(f"{value:g}" for value in strange[:5])
        return "LabelNotAllowed", f"the label holds {shown}: allowed are {sorted(allowed)}"
    return None


def _apart_mm(pair: Pair) -> float:
    """Return how far a corner of the image is from the same corner of the label."""
    size = np.array(pair.image.shape) - 1
    corners = np.array([[x, y, z, 1] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float)
    corners[:, :3] *= size
    between = corners @ (pair.image_affine - pair.label_affine).T
    return float(np.linalg.norm(between[:, :3], axis=1).max())


def _looked(case: Case, pair: Pair, labels: Labels) -> Looked:
    spacing = np.linalg.norm(pair.image_affine[:3, :3], axis=0)
    lesion = np.isin(pair.label, labels.lesion)
    intensity = np.percentile(pair.image, (0, 1, 50, 99, 100))
    return Looked(
        case.name,
        case.subject,
        files_sha256(case),
        hashlib.sha256(np.ascontiguousarray(pair.image).tobytes()).hexdigest(),
        pair.image.shape,
        tuple(round(float(value), 4) for value in spacing),
        "".join(aff2axcodes(pair.image_affine)),
        tuple(round(float(value), 4) for value in intensity),
        tuple(int(value) for value in np.unique(pair.label)),
        round(float(lesion.sum()) * float(np.prod(spacing)) / 1000, 4),
        int(ndimage.label(lesion, TOUCHING)[1]),
    )


def files_sha256(case: Case) -> str:
    """Return the digest of image and label as they are stored."""
    digest = hashlib.sha256()
    for path in (case.image, case.label):
        if path is not None:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def unchanged(case: Case, looked: Looked) -> Case:
    """Return the case. Raises DataUnusable when its files are not those that were looked at."""
    if files_sha256(case) != looked.files_sha256:
        told = "a case has changed since the data report (begin a new run)"
        raise DataUnusable(told, names=case.name)
    return case


def sha256_of_cases(looked: Sequence[Looked]) -> str:
    """Return the digest of a set of cases' files, whatever their order."""
    together = "".join(sorted(item.files_sha256 for item in looked))
    return hashlib.sha256(together.encode()).hexdigest()
