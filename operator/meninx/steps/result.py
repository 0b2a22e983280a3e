"""From what the model left in its output folder to the composed result on the source's grid."""

import datetime as dt
from dataclasses import dataclass

from meninx.base.errors import BadInput, Rejected
from meninx.imaging.measure import LabelMap
from meninx.imaging.nifti import read_nifti
from meninx.resources.reasons import Reason
from meninx.resources.task import Task
from meninx.steps import contract
from meninx.steps.compose import Composed, checked_labels, compose, source_of
from meninx.steps.engine import engine_named
from meninx.steps.placement import place
from meninx.steps.source import Source
from meninx.steps.weights import check_weights
from meninx.steps.workspace import Workspace


@dataclass(frozen=True, eq=False)
class ModelResult:
    """A model's label map on the grid of its source images, and what it became."""

    source: Source
    labels: LabelMap
    composed: Composed


def compose_result(task: Task, workspace: Workspace, *, now: dt.datetime) -> ModelResult:
    """Read, check, resample and compose what the model wrote.

    The first channel is the reference: the result lies on its images. Raises Rejected with
    NotFinite or BadResult.
    """
    told = workspace.output / contract.RESULT_FILE
    check_weights(told, task.model.weights_sha256)
    path = workspace.segmentation()
    if path is None:
        names = " or ".join(contract.SEGMENTATION_FILES)
        raise Rejected(Reason.BAD_RESULT, f"the model ended well but wrote no {names}")
    try:
        array, grid = read_nifti(path)
    except BadInput as error:
        raise Rejected(Reason.BAD_RESULT, str(error)) from error
    checked = checked_labels(array, task.model.labels)
    source = workspace.reference(task.channels[0])
    labels = place(checked, grid, source.stack.grid)
    made = compose(
        task, source_of(source.stack, source.datasets), labels, now=now, engine=engine_named(told)
    )
    return ModelResult(source, labels, made)
