"""What the steps of a job's pod are told: one JSON document, made by the operator, no identity."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from meninx.resources.aimodel import Channel, Label
from meninx.resources.inferencejob import ChannelInput, JobInput
from meninx.resources.meta import Contract, Shape
from meninx.resources.predicates import SeriesSelector


class TaskChannel(ChannelInput):
    """A channel as the job names it, with how the model wants its file."""

    series: str = ""
    """Keyed hash or UID; empty where `selector` is to choose among the study's series."""
    compress: bool = False
    min_slices: int = 1
    selector: SeriesSelector | None = None


class TaskModel(Shape):
    """The model's facts that go into a result."""

    name: str
    version: str
    title: str = ""
    image: str
    weights_sha256: str | None = None
    labels: list[Label]
    no_findings: Literal["NoObject", "EmptySegmentation"] = "NoObject"


class TaskStep(Shape):
    """One step of a pipeline, as a result names it."""

    name: str
    image: str
    model: TaskModel | None = None
    intermediate: bool | None = None
    skipped: bool | None = None
    """Known once all steps have ended."""


class TaskPipeline(Shape):
    """The pipeline that a job runs: all of its steps, in order."""

    name: str
    version: str
    steps: list[TaskStep] = Field(min_length=1)


class Task(Shape):
    """One job's work, as `fetch` and `deliver` read it from MENINX_TASK."""

    namespace: str
    job: str
    job_uid: str
    study: str
    """Keyed hash or UID; empty where the input is a folder of a volume."""
    revision: int = 1
    """0: all that was received."""
    folder: str | None = None
    """Folder below the mounted claim's root that holds the input; None: it comes from the store."""
    contract: Contract = "Meninx"
    channels: list[TaskChannel] = Field(min_length=1)
    model: TaskModel
    """The model; of a pipeline the last one, unless an earlier one makes the result."""
    pipeline: TaskPipeline | None = None


def channels_of(given: JobInput, channels: Sequence[Channel]) -> list[TaskChannel]:
    """Return a task's channels in the order of the model's; its first is the reference.

    Where the job names no series the selectors go with the task. Raises KeyError where it names
    some and a channel of the model is not among them.
    """
    chosen = {one.name: one for one in given.channels}
    return [
        TaskChannel(
            **(chosen[channel.name].model_dump() if chosen else _to_be_chosen(channel)),
            compress=channel.compress,
            min_slices=channel.selector.min_slices,
        )
        for channel in channels
    ]


def _to_be_chosen(channel: Channel) -> dict[str, object]:
    selector = channel.selector
    return {"name": channel.name, "volume": selector.volume, "selector": selector}
