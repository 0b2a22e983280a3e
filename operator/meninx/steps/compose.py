"""What a label map becomes: DICOM segmentation, report and the numbers for the job's status."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from meninx import __version__
from meninx.base.errors import Broken, Rejected
from meninx.imaging.codes import Concept
from meninx.imaging.evidence import Plane, Source
from meninx.imaging.measure import LabelMap, Measure, measure
from meninx.imaging.provenance import Identity, Maker, Part
from meninx.imaging.seg import Segment, segmentation
from meninx.imaging.sr import Finding, report
from meninx.imaging.stack import Stack
from meninx.resources.aimodel import Label
from meninx.resources.inferencejob import LabelResult, Results
from meninx.resources.meta import CodedConcept
from meninx.resources.names import derived_uid
from meninx.resources.reasons import Reason
from meninx.resources.task import Task, TaskStep


@dataclass(frozen=True, eq=False)
class Composed:
    """The result of a job, ready to be stored."""

    seg: Dataset | None
    sr: Dataset
    results: Results
    measures: tuple[Measure, ...]

    @property
    def objects(self) -> tuple[Dataset, ...]:
        """The result objects, in the order in which they are stored."""
        return (self.sr,) if self.seg is None else (self.seg, self.sr)


def source_of(stack: Stack, datasets: Mapping[str, Dataset]) -> Source:
    """Return the images of a stack as a result refers to them; `datasets` by SOP Instance UID."""
    planes = []
    for header in stack.headers:
        if header.position_lps is None:
            raise Broken("a stack holds an image without position: report this as a bug")
        planes.append(
            Plane(header.sop_class_uid, header.sop_instance_uid, header.frame, header.position_lps)
        )
    return Source(stack.grid, tuple(planes), datasets[planes[0].sop_instance_uid])


def checked_labels(array: npt.NDArray[Any], labels: list[Label]) -> LabelMap:
    """Return a model's segmentation as a label map.

    Raises Rejected: NotFinite where it holds what is not a number, BadResult where it is not a
    volume or holds a value that is no label of the model.
    """
    if array.ndim != 3 or array.size == 0:
        shape = "x".join(map(str, array.shape))
        raise Rejected(Reason.BAD_RESULT, f"the segmentation is not one volume but {shape}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise Rejected(
            Reason.NOT_FINITE,
            "the segmentation holds values that are not numbers: this is no healthy study",
        )
    known = [0, *(label.value for label in labels)]
    strangers = np.setdiff1d(np.unique(array), known)
    if strangers.size:
        raise Rejected(
            Reason.BAD_RESULT,
            f"the segmentation holds {strangers[0]:g}, which is no label of the model "
            f"(labels: {', '.join(map(str, known[1:]))})",
        )
    return array.astype(np.uint8)


def compose(
    task: Task, source: Source, labels: LabelMap, *, now: dt.datetime, engine: str | None = None
) -> Composed:
    """Turn a label map on the source's grid into the objects and numbers of a job.

    The same task, source and labels give the same UIDs, whoever asks and when. The report is
    always made; the segmentation only with findings, unless the model asks for an empty one.
    """
    segments = [_segment(label) for label in task.model.labels]
    measures = measure(labels, source.grid, [segment.value for segment in segments])
    maker = replace(maker_of(task), engine=engine)
    findings = [Finding(s, m) for s, m in zip(segments, measures, strict=True)]
    seg = None
    if labels.any() or task.model.no_findings == "EmptySegmentation":
        seg = segmentation(
            labels,
            source,
            segments=segments,
            maker=maker,
            identity=_identity(task, maker, "SEG", now),
        )
    sr = report(
        findings, source, segmentation=seg, maker=maker, identity=_identity(task, maker, "SR", now)
    )
    made = [sr] if seg is None else [seg, sr]
    results = _results(findings, [str(dataset.SOPInstanceUID) for dataset in made])
    return Composed(seg, sr, results, measures)


def maker_of(task: Task) -> Maker:
    """Return what a result names: the model that made it, and every step of its pipeline."""
    model, pipeline = task.model, task.pipeline
    return Maker(
        name=model.name,
        title=model.title or model.name,
        version=model.version,
        image=model.image,
        weights_sha256=model.weights_sha256,
        software=__version__,
        pipeline=f"{pipeline.name} {pipeline.version}" if pipeline else None,
        steps=tuple(_part(step) for step in pipeline.steps) if pipeline else (),
    )


def _part(step: TaskStep) -> Part:
    model = step.model
    return Part(
        name=step.name,
        image=step.image,
        model=f"{model.name} {model.version}" if model else None,
        weights_sha256=model.weights_sha256 if model else None,
        skipped=bool(step.skipped),
    )


def _results(findings: list[Finding], uids: list[str]) -> Results:
    return Results(
        findings=sum(finding.measure.components for finding in findings),
        labels=[
            LabelResult(
                name=finding.segment.name,
                volume_ml=round(finding.measure.volume_ml, 3),
                components=finding.measure.components,
            )
            for finding in findings
        ],
        sop_instance_uids=uids,
    )


def _segment(label: Label) -> Segment:
    region = label.anatomic_region
    return Segment(
        value=label.value,
        name=label.name,
        type=_concept(label.type),
        category=_concept(label.category),
        region=_concept(region) if region else None,
    )


def _concept(coded: CodedConcept) -> Concept:
    return Concept(coded.value, coded.scheme, coded.meaning)


def _identity(task: Task, maker: Maker, kind: str, now: dt.datetime) -> Identity:
    work = (task.job_uid, maker.digest, str(task.revision))
    return Identity(
        series_instance_uid=derived_uid(*work, kind, "series"),
        sop_instance_uid=derived_uid(*work, kind),
        device_uid=derived_uid("device", maker.name, maker.version, maker.digest),
        dimension_uid=derived_uid(*work, kind, "dimension"),
        tracking_uids=tuple(
            derived_uid(*work, "tracking", str(label.value)) for label in task.model.labels
        ),
        created=now,
    )
