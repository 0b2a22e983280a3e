"""The last step of a job's pod: the model's result as DICOM objects into the store."""

import datetime as dt
import io
from collections.abc import Sequence

from pydicom import Dataset

from meninx.imaging.evidence import without_quoting
from meninx.resources.inferencejob import Results
from meninx.resources.task import Task
from meninx.steps.delivered import delivered
from meninx.steps.package import adopt_result, output_of_package
from meninx.steps.patience import Patience, Timer, patiently
from meninx.steps.result import compose_result
from meninx.steps.store_client import StoreClient
from meninx.steps.workspace import Workspace


async def deliver(
    task: Task,
    client: StoreClient,
    workspace: Workspace,
    *,
    now: dt.datetime,
    patience: Patience,
    timer: Timer,
) -> Results:
    """Compose, store and commit a job's result; done twice it is the same as done once.

    Objects first, the commit last: what was killed in between left nothing that counts.
    """
    results, objects = _result(task, workspace, now=now)
    encoded = [encode(dataset) for dataset in objects]
    if not task.study:
        client = client.for_study(_study_of(task, workspace, objects))

    async def attempt() -> None:
        if encoded:
            await client.store(encoded)
        await client.commit(results)

    await patiently(attempt, patience, timer=timer, step="deliver")
    return results


def _result(
    task: Task, workspace: Workspace, *, now: dt.datetime
) -> tuple[Results, Sequence[Dataset]]:
    if task.contract == "MAP":
        return adopt_result(task, output_of_package(task, workspace), now=now)
    chosen = delivered(task, workspace)
    if chosen is None:
        return Results(), []
    made = compose_result(*chosen, now=now).composed
    return made.results, made.objects


def _study_of(task: Task, workspace: Workspace, objects: Sequence[Dataset]) -> str:
    """Return the Study Instance UID that the source images tell."""
    example = objects[0] if objects else workspace.reference(task.channels[0]).example
    return str(example.StudyInstanceUID)


def encode(dataset: Dataset) -> bytes:
    """Return a data set as a DICOM file."""
    buffer = io.BytesIO()
    with without_quoting():
        dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
