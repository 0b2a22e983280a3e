"""Studies with segmentations in a folder, to the pairs that training takes: one folder a subject."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from meninx.base.errors import BadInput, NotFound, Rejected
from meninx.imaging.annotation import Dropped, Unfit
from meninx.resources.predicates import SeriesSelector
from meninx.resources.trainingdata import Code, StoreData, WantedSegment
from meninx.steps.dataset import DataSet, Sources, add
from meninx.steps.folder import read_study
from meninx.steps.pairs import IMAGES, LABELS, annotations_of, write_pair

__all__ = ["IMAGES", "LABELS", "holds_dicom", "wanted", "write_pairs"]

_LEAST_SLICES = 2


def holds_dicom(folder: Path) -> bool:
    """Tell whether a data set is folders of DICOM, and not NIfTI files or arrays."""
    if any(folder.glob("*.npz")) or (folder / IMAGES).is_dir():
        return False
    return any(_is_dicom(path) for path in folder.glob("*/**/*") if path.is_file())


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def wanted(segments: Sequence[str] = (), *, allow_automatic: bool = False) -> StoreData:
    """Return which segments count: by label, or by code as SCHEME:VALUE; all of them where none is named."""
    listed = [_segment(text) for text in segments]
    return StoreData.model_construct(
        segments=listed,
        series=SeriesSelector(min_slices=_LEAST_SLICES),
        study_dates=None,
        allow_automatic=allow_automatic,
    )


def _segment(text: str) -> WantedSegment:
    scheme, colon, value = text.partition(":")
    if colon:
        return WantedSegment(type=Code(scheme=scheme, value=value))
    return WantedSegment(label=text)


def write_pairs(folder: Path, out: Path, want: StoreData) -> Iterator[tuple[str, str]]:
    """Yield each subject and what became of it; pairs that are there already are kept.

    A subject's folder holds one study. Names of folders become names of files; nothing else that
    identifies somebody is written. What makes no pair goes into sources.json, for the data report.
    """
    subjects = sorted(path for path in folder.iterdir() if path.is_dir())
    if not subjects:
        raise BadInput(f"{folder} holds no folder: give one for each subject")
    sources, made = Sources(), DataSet(out, want)
    for subject in subjects:
        became = _became(subject, made)
        add(sources, subject.name, became)
        yield subject.name, _said(became)
    made.write(sources)
    if not sources.cases:
        raise BadInput(f"{folder} makes no pair: {sources.in_words()}")


def _became(subject: Path, data: DataSet) -> dict[str, Any] | Dropped:
    """Make a pair, unless it is there; what was refused before is looked at anew."""
    before = (data.record(subject.name) or {}).get("made")
    if before is not None:
        return dict(before)
    try:
        study = read_study(subject)
        found = annotations_of(study, data.want)
        made = write_pair(study, found, data.want, data.folder, case=subject.name)
    except Rejected as error:
        return Dropped(error.reason, error.message)
    except (BadInput, NotFound) as error:
        return Dropped(Unfit.UNREADABLE, str(error))
    data.keep(subject.name, made)
    return made


def _said(became: dict[str, Any] | Dropped) -> str:
    if isinstance(became, Dropped):
        return f"no pair: {became.reason}: {became.message}"
    return "a pair of NIfTI files from its DICOM"
