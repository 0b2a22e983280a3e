"""StudyRoute (sr): which studies go to which model or pipeline, and where the results go."""

from typing import Literal

from pydantic import Field

from meninx.resources.meta import (
    API_VERSION,
    ChannelName,
    Condition,
    NameRef,
    ObjectMeta,
    Shape,
    Time,
    keyed_by,
    rules,
)
from meninx.resources.predicates import Predicate, SeriesSelector


class ChannelSelector(Shape):
    """A series selection of this route that replaces the model's own."""

    name: ChannelName = Field(description="Channel of the model.")
    selector: SeriesSelector = Field(description="Which series serves the channel.")


class Completeness(Shape):
    """When a study counts as complete."""

    quiet_seconds: float = Field(
        default=60,
        ge=0,
        le=86400,
        description="Time without a new instance and without an open association of the study.",
    )


class JobTemplate(Shape):
    """What the InferenceJobs of this route get."""

    priority: Literal["Stat", "Urgent", "Routine"] = Field(
        default="Routine", description="Priority of the jobs."
    )
    retries: int = Field(default=2, ge=0, le=10, description="Retries of the jobs.")
    ttl_seconds_after_finished: int = Field(
        default=604800, ge=0, description="When finished jobs are removed."
    )


class StudyRouteSpec(
    Shape,
    json_schema_extra=rules(
        (
            "has(self.modelRef) != has(self.pipelineRef)",
            "a route needs exactly one of modelRef, pipelineRef",
        )
    ),
):
    """Which studies, which model or pipeline, which destinations."""

    match: Predicate = Field(
        default_factory=Predicate,
        description="Conditions on the study; they hold if at least one of its series fulfils them.",
    )
    model_ref: NameRef | None = Field(default=None, description="The AIModel to run.")
    pipeline_ref: NameRef | None = Field(default=None, description="The AIPipeline to run.")
    channels: list[ChannelSelector] = Field(
        json_schema_extra=keyed_by("name"),
        default_factory=list,
        max_length=8,
        description="Series selections that replace the model's.",
    )
    completeness: Completeness = Field(
        default=Completeness(), description="When a study counts as complete."
    )
    destinations: list[NameRef] = Field(
        json_schema_extra=keyed_by("name"),
        default_factory=list,
        max_length=16,
        description="DicomNodes that get the results.",
    )
    template: JobTemplate = Field(default=JobTemplate(), description="Values of the jobs made.")
    suspend: bool = Field(default=False, description="True stops the route; studies are kept.")


class Refusal(Shape):
    """A study that matched but could not be used."""

    study: str = Field(description="Keyed hash of the study.")
    revision: int = Field(default=1, description="Revision of the study that was refused.")
    time: Time = Field(description="When it was refused.")
    reason: str = Field(description="A word of the published vocabulary of reasons.")
    message: str = Field(default="", description="What is wrong and what to do, without identity.")


class StudyRouteStatus(Shape):
    """What is observed of the route."""

    observed_generation: int | None = Field(default=None, description="Spec that this is about.")
    conditions: list[Condition] = Field(
        default_factory=list,
        json_schema_extra=keyed_by("type"),
        description="Valid, with the reason where it is not.",
    )
    matched: int | None = Field(default=None, description="Studies that became a job so far.")
    refused: int | None = Field(default=None, description="Studies refused so far.")
    last_matched: Time | None = Field(default=None, description="When a study last became a job.")
    refusals: list[Refusal] = Field(
        default_factory=list, max_length=20, description="The latest refused studies, newest first."
    )


class StudyRoute(Shape):
    """Which studies go to which model, and where the results go."""

    api_version: Literal["meninx.io/v1alpha1"] = API_VERSION
    kind: Literal["StudyRoute"] = "StudyRoute"
    metadata: ObjectMeta
    spec: StudyRouteSpec
    status: StudyRouteStatus = StudyRouteStatus()
