"""What the steps of a job's pod are told: one JSON document, made by the operator, no identity."""

from typing import Literal

from pydantic import Field

from meninx.resources.aimodel import Label
from meninx.resources.inferencejob import ChannelInput
from meninx.resources.meta import Shape


class TaskChannel(ChannelInput):
    """A channel as the job names it, with how the model wants its file."""

    compress: bool = False
    min_slices: int = 1


class TaskModel(Shape):
    """The model's facts that go into a result."""

    name: str
    version: str
    title: str = ""
    image: str
    weights_sha256: str | None = None
    labels: list[Label]
    no_findings: Literal["NoObject", "EmptySegmentation"] = "NoObject"


class Task(Shape):
    """One job's work, as `fetch` and `deliver` read it from MENINX_TASK."""

    namespace: str
    job: str
    job_uid: str
    study: str
    revision: int = 1
    channels: list[TaskChannel] = Field(min_length=1)
    model: TaskModel
