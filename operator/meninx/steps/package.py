"""What a MONAI Application Package reads and writes: de-identified DICOM in, DICOM to adopt out."""

import datetime as dt
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from meninx.base.errors import BadInput, Rejected
from meninx.base.files import space_errors
from meninx.imaging import elements
from meninx.imaging.adopt import Adoption, adopt, is_segmentation
from meninx.imaging.deidentify import Pseudonyms, deidentify, original_uids
from meninx.imaging.evidence import without_quoting
from meninx.imaging.measure import Measure, measure
from meninx.imaging.segments import SegmentMask, segment_masks
from meninx.resources.inferencejob import LabelResult, Results
from meninx.resources.reasons import Reason
from meninx.resources.task import Task, TaskChannel
from meninx.steps.compose import maker_of
from meninx.steps.placement import place
from meninx.steps.prepare import PreparedChannel, PreparedInput
from meninx.steps.source import Source, read_source
from meninx.steps.workspace import Workspace, keep_source

_KEY_FILE = ".pseudonyms"
_KEY_BYTES = 32


def prepare_package(
    files: Sequence[Path], channel: TaskChannel, workspace: Workspace
) -> PreparedInput:
    """Write a series' used images without the patient to the input folder; keep the originals.

    The key of the pseudonyms is drawn anew for each pod and stays with the originals, where no
    package sees it. Raises Rejected, and OutOfSpace where the volume is full.
    """
    source = read_source(files, volume=channel.volume, min_slices=channel.min_slices)
    key = secrets.token_bytes(_KEY_BYTES)
    pseudonyms = Pseudonyms(key)
    with space_errors(workspace.input), without_quoting():
        for number, uid in enumerate(_uids(source)):
            image = deidentify(source.datasets[uid], pseudonyms)
            image.save_as(workspace.input / f"{number:05}.dcm", enforce_file_format=True)
    with space_errors(workspace.source):
        keep_source(source.used_files, workspace.source / channel.name)
        (workspace.source / _KEY_FILE).write_bytes(key)
    return PreparedInput((PreparedChannel(channel, workspace.input, source),), {})


def adopt_result(
    task: Task, workspace: Workspace, *, now: dt.datetime
) -> tuple[Results, list[Dataset]]:
    """Return the numbers and the objects of a package's run, as the job's own.

    Raises Rejected (BadResult) with what can't be adopted.
    """
    source = workspace.reference(task.channels[0])
    written = list(_written(workspace.output))
    adoption = _adoption(task, source, workspace, now)
    objects = adopt(written, adoption)
    found = [
        _measured(one, source) for ds in written if is_segmentation(ds) for one in segment_masks(ds)
    ]
    return _results(found, objects), objects


def output_of_package(task: Task, workspace: Workspace) -> Workspace:
    """Return the workspace as of the package's step, also where it is a pipeline's only one."""
    if task.pipeline is None or workspace.outputs is None:
        return workspace
    return replace(workspace, output=workspace.outputs / task.pipeline.steps[0].name)


def _uids(source: Source) -> list[str]:
    return list(dict.fromkeys(header.sop_instance_uid for header in source.stack.headers))


def _adoption(task: Task, source: Source, workspace: Workspace, now: dt.datetime) -> Adoption:
    try:
        pseudonyms = Pseudonyms((workspace.source / _KEY_FILE).read_bytes())
    except OSError as error:
        raise BadInput("the step fetch left no key of its pseudonyms: retry the job") from error
    maker = maker_of(task)
    uids = _uids(source)
    return Adoption(
        example=source.example,
        originals=original_uids((source.datasets[uid] for uid in uids), pseudonyms),
        patient_id=pseudonyms.patient_id,
        maker=maker,
        work=(task.job_uid, maker.digest, str(task.revision)),
        created=now,
    )


def _written(folder: Path) -> Iterator[Dataset]:
    """Yield the DICOM objects that a package wrote; other files are its own business."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    found = 0
    for path in paths:
        dataset = _read(path)
        if dataset is not None:
            found += 1
            yield dataset
    if not found:
        others = f" ({len(paths)} other files)" if paths else ""
        raise Rejected(
            Reason.BAD_RESULT,
            f"the package ended well but wrote no DICOM object{others}: whether it found nothing "
            "can't be told",
        )


def _read(path: Path) -> Dataset | None:
    try:
        with without_quoting():
            return dcmread(path)
    except InvalidDicomError:
        return None
    except elements.ODD_VALUE as error:
        raise Rejected(
            Reason.BAD_RESULT, f"an object of the package is broken ({type(error).__name__})"
        ) from error


def _measured(segment: SegmentMask, source: Source) -> tuple[str, Measure]:
    placed = place(segment.mask, segment.grid, source.stack.grid)
    return segment.name, measure(placed, source.stack.grid, [1])[0]


def _results(found: list[tuple[str, Measure]], objects: list[Dataset]) -> Results:
    names = [name for name, _ in found]
    return Results(
        findings=sum(one.components for _, one in found) if found else None,
        labels=[
            LabelResult(
                name=name if names.count(name) == 1 else f"{name} {number}",
                volume_ml=round(one.volume_ml, 3),
                components=one.components,
            )
            for number, (name, one) in enumerate(found, start=1)
        ],
        sop_instance_uids=[str(dataset.SOPInstanceUID) for dataset in objects],
    )
