"""A study with its segmentations to one pair of image and label, wherever the study came from."""

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pydicom

from meninx.base.errors import Rejected
from meninx.base.files import space_errors
from meninx.imaging import elements
from meninx.imaging.annotated import label_map
from meninx.imaging.annotation import (
    SEGMENTATIONS,
    Annotation,
    Dropped,
    Screened,
    Unfit,
    read_annotation,
    screen,
)
from meninx.imaging.evidence import without_quoting
from meninx.imaging.nifti import write_nifti
from meninx.resources.task import TaskChannel
from meninx.resources.trainingdata import StoreData
from meninx.steps.choose import choose_channels
from meninx.steps.folder import StudyFolder
from meninx.steps.prepare import PreparedChannel, prepare

IMAGES, LABELS = "images", "labels"
ENDING = ".nii.gz"


@dataclass(frozen=True)
class Annotations:
    """The segmentations of a study: which one counts for which series, and where they lie."""

    screened: Screened
    files: Mapping[str, Path]
    """By SOP Instance UID."""


def annotations_of(
    study: StudyFolder, want: StoreData, by_jobs: Collection[str] = ()
) -> Annotations:
    """Read the segmentations among a study's files; `by_jobs` are series that jobs have made."""
    found: dict[str, tuple[Annotation, Path]] = {}
    unreadable = []
    for one in study.series:
        if one.series.headers[0].sop_class_uid not in SEGMENTATIONS:
            continue
        for path in one.files:
            try:
                said = read_annotation(_read(path), by_job=one.series.series in by_jobs)
            except elements.ODD_VALUE as error:
                message = f"a segmentation can't be read ({type(error).__name__})"
                unreadable.append(Dropped(Unfit.UNREADABLE, message))
            else:
                found[said.sop_instance_uid] = said, path
    screened = screen([said for said, _ in found.values()], want)
    told = replace(screened, dropped=(*screened.dropped, *unreadable))
    return Annotations(told, {uid: path for uid, (_, path) in found.items()})


def _read(path: Path, *, voxels: bool = False) -> pydicom.Dataset:
    with without_quoting():
        return pydicom.dcmread(path, stop_before_pixels=not voxels)


def why_none(screened: Screened) -> Dropped:
    """Return the one reason of a study that has no segmentation that counts: what is broken first."""
    if not screened.dropped:
        return Dropped(Unfit.LABEL_MISSING, "there is no DICOM segmentation")
    return sorted(screened.dropped, key=lambda one: one.passed_over)[0]


def write_pair(
    study: StudyFolder, annotations: Annotations, want: StoreData, out: Path, *, case: str
) -> dict[str, Any]:
    """Write image and label of a case, both or none; return what they were made from.

    Raises Rejected with the reason, a word of `Unfit` or of the published vocabulary.
    """
    kept = annotations.screened.kept
    if not kept:
        dropped = why_none(annotations.screened)
        raise Rejected(dropped.reason, dropped.message)
    channel = _channel(study, kept, want)
    said = kept[channel.series]
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".part-") as aside:
        done = prepare(study.files(), [channel], Path(aside)).channels[0]
        label = Path(aside) / f"label{ENDING}"
        dataset = _read(annotations.files[said.sop_instance_uid], voxels=True)
        labels = label_map(dataset, said, done.stack, want)
        with space_errors(label):
            write_nifti(label, labels, done.stack.grid)
        for path, side in ((done.file, IMAGES), (label, LABELS)):
            (out / side).mkdir(exist_ok=True)
            path.replace(out / side / f"{case}{ENDING}")
    return _sources(study, done, said)


def _channel(study: StudyFolder, kept: Mapping[str, Annotation], want: StoreData) -> TaskChannel:
    segmented = tuple(one for one in study.series if one.series.series in kept)
    if not segmented:
        raise Rejected(Unfit.IMAGE_MISSING, "the series that is segmented is not there")
    selector = want.series
    wanted = TaskChannel(
        name="image",
        selector=selector,
        volume=selector.volume,
        min_slices=selector.min_slices,
        compress=True,
    )
    return choose_channels(replace(study, series=segmented), [wanted])[0]


def _sources(study: StudyFolder, done: PreparedChannel, said: Annotation) -> dict[str, Any]:
    return {
        "studyInstanceUID": study.study_instance_uid,
        "image": {
            "seriesInstanceUID": done.channel.series,
            "sopInstanceUIDs": list(
                dict.fromkeys(header.sop_instance_uid for header in done.stack.headers)
            ),
        },
        "segmentation": {
            "seriesInstanceUID": said.series_instance_uid,
            "sopInstanceUID": said.sop_instance_uid,
            "segments": [
                {"code": f"{one.scheme} {one.code}".strip(), "algorithm": one.algorithm}
                for one in said.segments  # their labels are free text: they stay in the store
            ],
        },
    }
