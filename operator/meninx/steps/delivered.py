"""Which step of a pipeline made the result: the last one that may, ran and wrote a segmentation."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from meninx.base.errors import Rejected
from meninx.resources.reasons import Reason
from meninx.resources.task import Task, TaskModel, TaskStep
from meninx.steps import contract
from meninx.steps.gate import mark
from meninx.steps.weights import check_weights
from meninx.steps.workspace import Workspace


def delivered(task: Task, workspace: Workspace) -> tuple[Task, Workspace] | None:
    """Return task and workspace as of the one step whose segmentation is the result.

    None where steps were skipped and no other wrote one: then nothing was looked for, which is not
    the same as nothing found. The labels are those of the step's AIModel; of a plain image those
    of the last AIModel before it. Raises Rejected (BadResult) where every step ran and none wrote
    a segmentation, or a model ran other weights than its AIModel names.
    """
    pipeline, outputs = task.pipeline, workspace.outputs
    if pipeline is None or outputs is None:
        return task, workspace
    ran = [step for step in pipeline.steps if not _skipped(workspace.gates, step)]
    for step in ran:
        if step.model is not None:
            check_weights(outputs / step.name / contract.RESULT_FILE, step.model.weights_sha256)
    for step in reversed([step for step in ran if not step.intermediate]):
        its = replace(workspace, output=outputs / step.name)
        if its.segmentation() is not None:
            labels_of = _labels_of(pipeline.steps, step) or task.model
            told = pipeline.model_copy(update={"steps": _told(pipeline.steps, ran)})
            return task.model_copy(update={"model": labels_of, "pipeline": told}), its
    if len(ran) < len(pipeline.steps):
        return None
    names = " or ".join(contract.SEGMENTATION_FILES)
    but = "; what intermediate steps wrote does not count" if _any_intermediate(ran) else ""
    raise Rejected(Reason.BAD_RESULT, f"every step ended well but none wrote {names}{but}")


def _any_intermediate(steps: Sequence[TaskStep]) -> bool:
    return any(step.intermediate for step in steps)


def _skipped(gates: Path | None, step: TaskStep) -> bool:
    return gates is not None and mark(gates, step.name).exists()


def _told(steps: Sequence[TaskStep], ran: Sequence[TaskStep]) -> list[TaskStep]:
    return [step if step in ran else step.model_copy(update={"skipped": True}) for step in steps]


def _labels_of(steps: Sequence[TaskStep], step: TaskStep) -> TaskModel | None:
    before = steps[: steps.index(step) + 1]
    return next((one.model for one in reversed(before) if one.model is not None), None)
