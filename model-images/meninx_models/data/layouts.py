"""How a data set lies in its folder: which image belongs to which label, and to which subject."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt

from meninx_models.preprocess import Affine, Volume

ENDINGS = (".nii.gz", ".nii")
SESSION = r"^(.*?)(?:[_-](?:ses|session|visit|tp)[-_]?\w+)?$"
"""A name up to its session: two visits of one person never go to two splits."""
BRATS_SUBJECT = r"^(BraTS-[A-Z]+-\d+)-\d+$"


class DataUnusable(Exception):
    """The data can't be trained on as they are; the message says why and which.

    `told` is what may leave the machine: without the names of cases, which may be a patient's.
    """

    reason = "DataNotUsable"

    def __init__(self, told: str, *, names: str = "") -> None:
        super().__init__(f"{told}: {names}" if names else told)
        self.told = told


@dataclass(frozen=True)
class Case:
    """One image with its label; a missing one of the two is None."""

    name: str
    subject: str
    image: Path | None
    label: Path | None


@dataclass(frozen=True)
class Layout:
    """One way in which data sets lie about."""

    name: str
    pattern: str
    """Whose first group in a case's name is its subject."""
    lesion: tuple[int, ...]
    background: tuple[int, ...]
    find: Callable[[Path], Iterable[tuple[str, Path | None, Path | None]]]


@dataclass(frozen=True, eq=False)
class Pair:
    """An image and its label as stored."""

    image: Volume
    image_affine: Affine
    label: npt.NDArray[np.float32]
    label_affine: Affine


def find_cases(folder: Path, subject: str | None = None) -> tuple[Layout, list[Case]]:
    """Return the layout of a data set and its cases. Raises DataUnusable when there are none."""
    for layout in LAYOUTS:
        found = sorted(layout.find(folder), key=lambda item: item[0])
        if found:
            pattern = re.compile(subject or layout.pattern)
            return layout, [Case(n, _subject(pattern, n), i, lab) for n, i, lab in found]
    raise DataUnusable(
        f"{folder} holds no data set: give images/ and labels/ with NIfTI files of the same names, "
        "BraTS-MEN's folders, or the .npz files of meninx phantom --arrays"
    )


def read_pair(case: Case) -> Pair:
    """Read image and label. Raises OSError, ValueError or nibabel's ImageFileError."""
    if case.image is None or case.label is None:
        raise ValueError(f"{case.name} has no {'image' if case.image is None else 'label'}")
    if case.image.suffix == ".npz":
        with np.load(case.image) as arrays:
            affine = arrays["affine_ras"].astype(np.float64)
            return Pair(arrays["image"].astype(np.float32), affine,
                        arrays["truth"].astype(np.float32), affine)  # fmt: skip
    image, label = nibabel.load(case.image), nibabel.load(case.label)
    return Pair(
        np.asarray(image.dataobj, dtype=np.float32),
        np.asarray(image.affine, dtype=np.float64),
        np.asarray(label.dataobj, dtype=np.float32),
        np.asarray(label.affine, dtype=np.float64),
    )


def _subject(pattern: re.Pattern[str], name: str) -> str:
    match = pattern.search(name)
    return match.group(1) if match and pattern.groups else name


def _stem(path: Path) -> str:
    for ending in ENDINGS:
        if path.name.endswith(ending):
            return path.name[: -len(ending)]
    return ""


def _pairs(folder: Path) -> Iterable[tuple[str, Path | None, Path | None]]:
    images, labels = (
        {_stem(path): path for path in sorted((folder / side).glob("*.nii*")) if _stem(path)}
        for side in ("images", "labels")
    )
    for name in images.keys() | labels.keys():
        yield name, images.get(name), labels.get(name)


def _brats(folder: Path) -> Iterable[tuple[str, Path | None, Path | None]]:
    for case in folder.glob("BraTS-*-*-*"):
        if case.is_dir():
            yield case.name, _part(case, "t1c"), _part(case, "seg")


def _part(case: Path, name: str) -> Path | None:
    paths = (case / f"{case.name}-{name}{ending}" for ending in ENDINGS)
    return next((path for path in paths if path.is_file()), None)


def _arrays(folder: Path) -> Iterable[tuple[str, Path | None, Path | None]]:
    for path in folder.glob("*.npz"):
        yield path.stem, path, path


LAYOUTS = (
    Layout("pairs", SESSION, (1,), (0,), _pairs),
    Layout("brats", BRATS_SUBJECT, (1, 3), (0, 2), _brats),
    Layout("arrays", SESSION, (1,), (0,), _arrays),
)
