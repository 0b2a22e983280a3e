"""The last step of a job's pod: the model's result as DICOM objects into the store."""

import datetime as dt
import io

from pydicom import Dataset

from meninx.imaging.evidence import without_quoting
from meninx.resources.inferencejob import Results
from meninx.resources.task import Task
from meninx.steps.delivered import delivered
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
    chosen = delivered(task, workspace)
    results, objects = _made(*chosen, now=now) if chosen else (Results(), [])

    async def attempt() -> None:
        if objects:
            await client.store(objects)
        await client.commit(results)

    await patiently(attempt, patience, timer=timer, step="deliver")
    return results


def _made(task: Task, workspace: Workspace, *, now: dt.datetime) -> tuple[Results, list[bytes]]:
    made = compose_result(task, workspace, now=now).composed
    return made.results, [encode(dataset) for dataset in made.objects]


def encode(dataset: Dataset) -> bytes:
    """Return a data set as a DICOM file."""
    buffer = io.BytesIO()
    with without_quoting():
        dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
