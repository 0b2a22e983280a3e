"""A folder of files to the one study that it holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import FileDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import MediaStorageDirectoryStorage

from meninx.base.errors import BadInput, NotFound, Rejected
from meninx.imaging import elements
from meninx.imaging.series import ImageHeader, open_header, read_headers
from meninx.imaging.study import Series, series_of
from meninx.resources.reasons import Reason

_PATIENT_ID = 0x00100020
_ISSUER = 0x00100021
_FIRST_GROUPS = (b"\x08\x00", b"\x02\x00")  # how a data set without preamble starts


@dataclass(frozen=True)
class SeriesFiles:
    """One series of the folder: its headers and its files."""

    series: Series
    files: tuple[Path, ...]

    @property
    def number(self) -> str:
        """SeriesNumber, or a dash."""
        return self.series.facts.get("SeriesNumber", "-")


@dataclass(frozen=True)
class StudyFolder:
    """The study that a folder holds; `skipped` files are no DICOM objects."""

    study_instance_uid: str
    series: tuple[SeriesFiles, ...]
    skipped: int

    def files(self) -> dict[str, tuple[Path, ...]]:
        """Return the files of each series by its UID."""
        return {one.series.series: one.files for one in self.series}


@dataclass(frozen=True)
class _Object:
    path: Path
    headers: tuple[ImageHeader, ...]
    patient: str
    issuer: str


def read_study(folder: Path) -> StudyFolder:
    """Read the headers of all DICOM files under a folder (or of one file), whatever their names.

    DICOMDIR is ignored. Raises NotFound, BadInput where there is not exactly one study, Rejected
    where its images name different patients.
    """
    if not folder.exists():
        raise NotFound(f"{folder} does not exist: give the folder of a study's DICOM files")
    objects, skipped = [], 0
    for path in _paths(folder):
        found = _object(path)
        if found is not None:
            objects.append(found)
        elif not path.name.upper().startswith("DICOMDIR"):
            skipped += 1
    studies = {one.headers[0].study_instance_uid for one in objects}
    if len(studies) != 1:
        raise BadInput(_not_one(folder, len(studies), skipped))
    for named in ({one.patient for one in objects}, {one.issuer for one in objects}):
        if len(named - {""}) > 1:
            raise Rejected(Reason.PATIENT_CONFLICT, f"{len(named - {''})} patients in one study")
    return StudyFolder(studies.pop(), _grouped(objects), skipped)


def _not_one(folder: Path, studies: int, skipped: int) -> str:
    if studies == 0:
        return f"{folder} holds no DICOM object ({skipped} other files): give a study's folder"
    return f"{folder} holds {studies} studies: give the folder of one"


def _paths(folder: Path) -> Iterator[Path]:
    if folder.is_file():
        yield folder
        return
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _object(path: Path) -> _Object | None:
    try:
        dataset = open_header(path, also=(_PATIENT_ID, _ISSUER), force=_is_bare(path))
    except InvalidDicomError:
        return None
    headers = tuple(read_headers(dataset))
    if headers[0].sop_class_uid in {"", MediaStorageDirectoryStorage}:
        return None
    return _Object(path, headers, _text(dataset, "PatientID"), _text(dataset, "IssuerOfPatientID"))


def _text(dataset: FileDataset, keyword: str) -> str:
    return elements.text(dataset, keyword) or ""


def _is_bare(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) in _FIRST_GROUPS


def _grouped(objects: list[_Object]) -> tuple[SeriesFiles, ...]:
    members: dict[str, list[_Object]] = {}
    for one in objects:
        members.setdefault(one.headers[0].series_instance_uid, []).append(one)
    found = [
        SeriesFiles(
            series_of(uid, [header for one in ours for header in one.headers]),
            tuple(one.path for one in ours),
        )
        for uid, ours in members.items()
    ]
    return tuple(sorted(found, key=_order))


def _order(one: SeriesFiles) -> tuple[int, str]:
    return (int(one.number) if one.number.isdecimal() else 1 << 31, one.series.series)
