"""InferenceJob (ij): one study through one model."""

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
    immutable,
    keyed_by,
)

Phase = Literal["Pending", "Queued", "Running", "Delivering", "Succeeded", "Failed"]
TERMINAL: frozenset[str] = frozenset({"Succeeded", "Failed"})


class ChannelInput(Shape):
    """The series that serves one channel."""

    name: ChannelName = Field(description="Channel of the model.")
    series: str = Field(
        max_length=64, description="Series in the store: its keyed hash, or its UID."
    )
    volume: str = Field(
        default="Only",
        max_length=16,
        pattern="^(Only|FirstEcho|LastEcho|FirstTime|LastTime|Largest)$",
        description="Which volume to take where the series holds several.",
    )


class JobInput(Shape):
    """What the job works on: a study that the store holds."""

    study: str = Field(max_length=64, description="Study in the store: its keyed hash, or its UID.")
    revision: int = Field(
        default=1,
        ge=1,
        description="Revision of the study; later slices never change a job's input.",
    )
    channels: list[ChannelInput] = Field(
        json_schema_extra=keyed_by("name"),
        min_length=1,
        max_length=8,
        description="The series for each channel of the model.",
    )


class InferenceJobSpec(Shape):
    """What is to be done."""

    input: JobInput = Field(
        json_schema_extra=immutable("spec.input"), description="Study and series to work on."
    )
    model_ref: NameRef = Field(
        json_schema_extra=immutable("spec.modelRef"), description="The AIModel to run."
    )
    destinations: list[NameRef] = Field(
        json_schema_extra=keyed_by("name"),
        default_factory=list,
        max_length=16,
        description="DicomNodes that get the results.",
    )
    priority: Literal["Stat", "Urgent", "Routine"] = Field(
        default="Routine", description="Stat goes first, then Urgent, then Routine."
    )
    retries: int = Field(
        default=2, ge=0, le=10, description="How often a failed run of the model is tried again."
    )
    ttl_seconds_after_finished: int = Field(
        default=604800, ge=0, description="When the finished job is removed; 0 is at once."
    )
    suspend: bool = Field(default=False, description="True holds the job back until set to false.")


class StepStatus(Shape):
    """One step of the pod."""

    name: str = Field(description="fetch, model or deliver.")
    started_at: Time | None = Field(default=None, description="When its container started.")
    finished_at: Time | None = Field(default=None, description="When its container ended.")
    exit_code: int | None = Field(default=None, description="Exit code of its container.")


class LabelResult(Shape):
    """What was found of one label."""

    name: str = Field(description="Name of the label.")
    volume_ml: float = Field(description="Volume in mL, measured on the source grid.")
    components: int = Field(description="Number of connected parts.")


class Results(Shape):
    """What the job made."""

    findings: int = Field(description="Number of connected lesions over all labels; 0 is healthy.")
    labels: list[LabelResult] = Field(
        json_schema_extra=keyed_by("name"),
        default_factory=list,
        description="Per label of the model.",
    )
    sop_instance_uids: list[str] = Field(
        default_factory=list,
        alias="sopInstanceUIDs",
        description="SOP Instance UIDs of the result objects.",
    )


class InferenceJobStatus(Shape):
    """What is observed of the job."""

    observed_generation: int | None = Field(default=None, description="Spec that this is about.")
    phase: Phase | None = Field(default=None, description="Where the job stands, for people.")
    conditions: list[Condition] = Field(
        default_factory=list,
        json_schema_extra=keyed_by("type"),
        description="Admitted, InputReady, Inferred (operator); Stored, Delivered (ingress).",
    )
    job_name: str | None = Field(default=None, description="The Kubernetes Job that does the work.")
    attempts: int | None = Field(default=None, description="Pods started for the model so far.")
    steps: list[StepStatus] = Field(
        json_schema_extra=keyed_by("name"),
        default_factory=list,
        description="Steps of the last attempt.",
    )
    results: Results | None = Field(default=None, description="What was found and stored.")
    started_at: Time | None = Field(default=None, description="When the Kubernetes Job was made.")
    finished_at: Time | None = Field(default=None, description="When the job became terminal.")


class InferenceJob(Shape):
    """One study through one model."""

    api_version: Literal["meninx.io/v1alpha1"] = API_VERSION
    kind: Literal["InferenceJob"] = "InferenceJob"
    metadata: ObjectMeta
    spec: InferenceJobSpec
    status: InferenceJobStatus = InferenceJobStatus()
