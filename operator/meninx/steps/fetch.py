"""The first step of a job's pod: images from the store or a volume, prepared for the model."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from meninx.base.errors import BadInput, NotFound
from meninx.resources.task import Task, TaskChannel
from meninx.steps.choose import choose_channels
from meninx.steps.claim import study_of_claim
from meninx.steps.folder import StudyFolder, read_study
from meninx.steps.package import prepare_package
from meninx.steps.patience import Patience, Timer, patiently
from meninx.steps.prepare import PreparedInput, prepare
from meninx.steps.store_client import StoreClient
from meninx.steps.workspace import Workspace

_INCOMING = ".incoming"


@dataclass(frozen=True)
class _Input:
    files: Mapping[str, Sequence[Path]]
    """By series, as the channels name it."""
    channels: Sequence[TaskChannel]


async def fetch(
    task: Task, client: StoreClient, workspace: Workspace, *, patience: Patience, timer: Timer
) -> PreparedInput:
    """Bring each channel's series once and write what the model and `deliver` need."""
    incoming = workspace.source / _INCOMING
    if task.folder is not None:
        given = _from_claim(task, workspace)
    elif all(channel.series for channel in task.channels):
        given = await _named_series(task, client, incoming, patience=patience, timer=timer)
    else:
        attempt = partial(_study, client, incoming)
        await patiently(attempt, patience, timer=timer, step="fetch")
        given = _chosen(task, read_study(incoming))
    prepared = _prepared(task, given, workspace)
    shutil.rmtree(incoming, ignore_errors=True)
    return prepared


def _prepared(task: Task, given: _Input, workspace: Workspace) -> PreparedInput:
    if task.contract == "MAP":
        channel = given.channels[0]
        return prepare_package(given.files[channel.series], channel, workspace)
    return prepare(given.files, given.channels, workspace.input, workspace.source)


def _from_claim(task: Task, workspace: Workspace) -> _Input:
    if workspace.claim is None or task.folder is None:
        raise BadInput("the pod has no volume of the job's claim mounted: report this as a bug")
    return _chosen(task, study_of_claim(workspace.claim, task.folder))


def _chosen(task: Task, study: StudyFolder) -> _Input:
    return _Input(study.files(), choose_channels(study, task.channels))


async def _named_series(
    task: Task, client: StoreClient, incoming: Path, *, patience: Patience, timer: Timer
) -> _Input:
    files: dict[str, list[Path]] = {}
    for number, series in enumerate(dict.fromkeys(c.series for c in task.channels)):
        attempt = partial(_series, client, series, incoming / str(number))
        files[series] = await patiently(attempt, patience, timer=timer, step="fetch")
    return _Input(files, task.channels)


async def _series(client: StoreClient, series: str, folder: Path) -> list[Path]:
    shutil.rmtree(folder, ignore_errors=True)
    files = await client.retrieve_series(series, folder)
    if not files:
        raise NotFound("the store holds no image of the job's series: send the study again")
    return files


async def _study(client: StoreClient, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if not await client.retrieve_study(folder):
        raise NotFound("the store holds no image of the job's study: send the study again")
