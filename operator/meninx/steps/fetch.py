"""The first step of a job's pod: images from the store, prepared for the model."""

import shutil
from functools import partial
from pathlib import Path

from meninx.base.errors import NotFound
from meninx.resources.task import Task
from meninx.steps.patience import Patience, Timer, patiently
from meninx.steps.prepare import PreparedInput, prepare
from meninx.steps.store_client import StoreClient
from meninx.steps.workspace import Workspace

_INCOMING = ".incoming"


async def fetch(
    task: Task, client: StoreClient, workspace: Workspace, *, patience: Patience, timer: Timer
) -> PreparedInput:
    """Fetch each channel's series once and write what the model and `deliver` need."""
    incoming = workspace.source / _INCOMING
    files: dict[str, list[Path]] = {}
    for number, series in enumerate(dict.fromkeys(c.series for c in task.channels)):
        attempt = partial(_series, client, series, incoming / str(number))
        files[series] = await patiently(attempt, patience, timer=timer, step="fetch")
    prepared = prepare(files, task.channels, workspace.input, workspace.source)
    shutil.rmtree(incoming)
    return prepared


async def _series(client: StoreClient, series: str, folder: Path) -> list[Path]:
    shutil.rmtree(folder, ignore_errors=True)
    files = await client.retrieve_series(series, folder)
    if not files:
        raise NotFound("the store holds no image of the job's series: send the study again")
    return files
