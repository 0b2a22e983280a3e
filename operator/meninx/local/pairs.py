"""Studies with segmentations in a folder, to the pairs that training takes: one folder a subject."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import SegmentationStorage

from meninx.base.errors import BadInput
from meninx.imaging.geometry import Grid
from meninx.imaging.nifti import write_nifti
from meninx.imaging.resample import Labels, resample_labels
from meninx.imaging.segments import segment_masks
from meninx.resources.task import TaskChannel
from meninx.steps.folder import StudyFolder, read_study
from meninx.steps.prepare import PreparedChannel, prepare

IMAGES, LABELS = "images", "labels"
_ENDING = ".nii.gz"


def holds_dicom(folder: Path) -> bool:
    """Tell whether a data set is folders of DICOM, and not NIfTI files or arrays."""
    if any(folder.glob("*.npz")) or (folder / IMAGES).is_dir():
        return False
    return any(_is_dicom(path) for path in folder.glob("*/**/*") if path.is_file())


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def write_pairs(folder: Path, out: Path) -> Iterator[str]:
    """Yield each subject when its pair is written; those that are there already are kept.

    A subject's folder holds one study: the series that its segmentations refer to, and those. What
    any of their segments covers is lesion. Names of folders become names of files; nothing else
    that identifies somebody is written. Raises BadInput or Rejected with the subject's folder.
    """
    subjects = sorted(path for path in folder.iterdir() if path.is_dir())
    if not subjects:
        raise BadInput(f"{folder} holds no folder: give one for each subject")
    for subject in subjects:
        label = out / LABELS / f"{subject.name}{_ENDING}"
        if not label.is_file():
            _write(subject, out)
        yield subject.name


def _write(subject: Path, out: Path) -> None:
    study = read_study(subject)
    segmentations = list(_segmentations(study))
    if not segmentations:
        raise BadInput(f"{subject} holds no DICOM segmentation: a series alone teaches nothing")
    series = {_referenced(one) for one in segmentations}
    if len(series) != 1:
        raise BadInput(f"the segmentations of {subject} refer to {len(series)} series: keep one")
    channel = TaskChannel(name="image", series=series.pop(), compress=True, min_slices=2)
    if channel.series not in study.files():
        raise BadInput(f"the series that is segmented in {subject} is not there")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".part-") as aside:
        done = prepare(study.files(), [channel], Path(aside)).channels[0]
        label = Path(aside) / f"label{_ENDING}"
        write_nifti(label, _union(segmentations, done), done.stack.grid)
        for path, side in ((done.file, IMAGES), (label, LABELS)):
            (out / side).mkdir(exist_ok=True)
            path.replace(out / side / f"{subject.name}{_ENDING}")


def _segmentations(study: StudyFolder) -> Iterator[Dataset]:
    for one in study.series:
        if one.series.headers[0].sop_class_uid == SegmentationStorage:
            yield from (pydicom.dcmread(path) for path in one.files)


def _referenced(segmentation: Dataset) -> str:
    items = segmentation.get("ReferencedSeriesSequence") or []
    uids = {str(item.get("SeriesInstanceUID", "")) for item in items}
    if len(uids) != 1:
        raise BadInput("a segmentation refers to no series, or to several: make one for each")
    return uids.pop()


def _union(segmentations: list[Dataset], done: PreparedChannel) -> Labels:
    grid: Grid = done.stack.grid
    label: Labels = np.zeros(grid.shape, dtype=np.uint8)
    for one in segmentations:
        for segment in segment_masks(one):
            label |= resample_labels(segment.mask, segment.grid, grid)
    return label
