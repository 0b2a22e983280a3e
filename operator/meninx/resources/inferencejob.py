"""InferenceJob (ij): one study through one model or pipeline."""

from typing import Literal

from pydantic import Field

from meninx.resources.meta import (
    API_VERSION,
    ChannelName,
    Condition,
    DnsName,
    NameRef,
    ObjectMeta,
    Shape,
    Time,
    immutable,
    keyed_by,
    rules,
)

Phase = Literal["Pending", "Queued", "Running", "Delivering", "Succeeded", "Failed", "Cancelled"]
WAITING: frozenset[str] = frozenset({"Pending", "Queued"})
"""Phases of a job that holds nothing yet."""
TERMINAL: frozenset[str] = frozenset({"Succeeded", "Failed", "Cancelled"})


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


class NodeInput(Shape):
    """A study that a DicomNode holds: the ingress pulls it into the store first."""

    name: DnsName = Field(description="The DicomNode that holds the study.")
    study_instance_uid: str = Field(
        alias="studyInstanceUID",
        pattern=r"^[0-9]+(\.[0-9]+)+$",
        max_length=64,
        description="Study Instance UID.",
    )


class ClaimInput(Shape):
    """A folder of DICOM files on a volume of the cluster."""

    name: DnsName = Field(description="PersistentVolumeClaim in the same namespace.")
    path: str = Field(
        default="",
        max_length=512,
        pattern=r"^$|^[^/.][^/]*(/[^/.][^/]*)*$",
        description="Folder below the volume's root, without a leading slash.",
    )


class JobInput(
    Shape,
    json_schema_extra=rules(
        (
            "[has(self.study), has(self.dicomNode), has(self.volumeClaim)]"
            ".filter(given, given).size() == 1",
            "an input needs exactly one of study, dicomNode, volumeClaim",
        ),
        (
            "!has(self.study) || (has(self.channels) && self.channels.size() > 0)",
            "an input from the store needs channels: which series serves which channel",
        ),
        ("has(self.study) || self.revision == 1", "only a study of the store has revisions"),
    ),
):
    """What the job works on: a study of the store or of a DICOM node, or a folder of a volume."""

    study: str | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="Study in the store: its keyed hash, or its UID.",
    )
    dicom_node: NodeInput | None = Field(
        default=None, description="A study to be pulled from a DicomNode first."
    )
    volume_claim: ClaimInput | None = Field(
        default=None, description="A folder of DICOM files on a PersistentVolumeClaim."
    )
    revision: int = Field(
        default=1,
        ge=1,
        description="Revision of the study; later slices never change a job's input.",
    )
    channels: list[ChannelInput] = Field(
        json_schema_extra=keyed_by("name"),
        default_factory=list,
        max_length=8,
        description="The series for each channel; where empty, the model's selectors choose.",
    )

    @property
    def store_study(self) -> str:
        """Return what names the study in the store; empty for a folder of a volume."""
        return self.dicom_node.study_instance_uid if self.dicom_node else self.study or ""

    @property
    def store_revision(self) -> int:
        """Return the revision that the job reads; 0 is all that was received."""
        return self.revision if self.study else 0


class InferenceJobSpec(
    Shape,
    json_schema_extra=rules(
        (
            "has(self.modelRef) != has(self.pipelineRef)",
            "a job needs exactly one of modelRef, pipelineRef",
        ),
        (
            "has(self.modelRef) == has(oldSelf.modelRef)",
            "spec.modelRef and spec.pipelineRef can't be changed: make a new object instead",
        ),
        (
            "!oldSelf.cancel || self.cancel",
            "a cancelled job stays cancelled: meninx retry makes a new one",
        ),
    ),
):
    """What is to be done."""

    input: JobInput = Field(
        json_schema_extra=immutable("spec.input"), description="Study and series to work on."
    )
    model_ref: NameRef | None = Field(
        default=None,
        json_schema_extra=immutable("spec.modelRef"),
        description="The AIModel to run.",
    )
    pipeline_ref: NameRef | None = Field(
        default=None,
        json_schema_extra=immutable("spec.pipelineRef"),
        description="The AIPipeline to run.",
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
    cancel: bool = Field(
        default=False, description="True ends the job for good; what it has stored stays."
    )
    not_before: Time | None = Field(
        default=None, description="The job waits until then, for example for the night."
    )
    deadline_seconds: int | None = Field(
        default=None,
        ge=1,
        description="Fails the job when its result is not in the store so long after its creation.",
    )
    queue_name: DnsName | None = Field(
        default=None,
        description="LocalQueue of Kueue that admits the job, where Kueue is installed.",
    )
    retry_of: NameRef | None = Field(
        default=None, description="The job that this one repeats (meninx retry)."
    )

    @property
    def work(self) -> str:
        """Return the name of the model or pipeline that is to run."""
        ref = self.model_ref or self.pipeline_ref
        return ref.name if ref else ""


class StepStatus(Shape):
    """One step of the pod."""

    name: str = Field(description="fetch, a step of the model or pipeline, or deliver.")
    state: Literal["Waiting", "Running", "Succeeded", "Failed", "Skipped"] | None = Field(
        default=None, description="Where the step stands; Skipped: its `when` did not hold."
    )
    started_at: Time | None = Field(default=None, description="When its container started.")
    finished_at: Time | None = Field(default=None, description="When its container ended.")
    exit_code: int | None = Field(default=None, description="Exit code of its container.")


class Attempt(Shape):
    """One pod that ran for the job and failed."""

    number: int = Field(ge=1, description="First, second...")
    pod: str = Field(description="Name of the pod.")
    reason: str = Field(description="A word of the published vocabulary of reasons.")
    message: str = Field(default="", description="What happened and what to do.")
    step: str | None = Field(default=None, description="The step that failed.")
    node: str | None = Field(default=None, description="The node that it ran on.")
    started_at: Time | None = Field(default=None, description="When the pod was made.")
    finished_at: Time | None = Field(default=None, description="When it had failed.")
    counts: bool = Field(default=True, description="False where it used up no retry.")


class QueueStatus(Shape):
    """Where the job waits."""

    position: int = Field(description="Place in the queue when last told; 1 is next.")
    ahead: list[str] = Field(
        default_factory=list, max_length=3, description="The next jobs ahead of it."
    )
    told_at: Time | None = Field(
        default=None, description="When this was told; the further back, the more seldom it is."
    )


class Timings(Shape):
    """Seconds that each stage took, as far as it has come."""

    waiting: float | None = Field(default=None, description="Creation to Kubernetes Job.")
    starting: float | None = Field(default=None, description="Kubernetes Job to first step.")
    fetching: float | None = Field(default=None, description="The step fetch.")
    inferring: float | None = Field(default=None, description="End of fetch to start of deliver.")
    storing: float | None = Field(default=None, description="The step deliver.")
    delivering: float | None = Field(default=None, description="End of deliver to the job's end.")
    total: float | None = Field(default=None, description="Creation to the job's end.")


class LabelResult(Shape):
    """What was found of one label."""

    name: str = Field(description="Name of the label.")
    volume_ml: float = Field(description="Volume in mL, measured on the source grid.")
    components: int = Field(description="Number of connected parts.")


class Results(Shape):
    """What the job made."""

    findings: int | None = Field(
        default=None,
        description="Number of connected lesions over all labels; 0 is healthy, empty is not counted.",
    )
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


class InferenceJobStatus(
    Shape,
    json_schema_extra=rules(
        (
            "!has(oldSelf.phase) || !(oldSelf.phase in ['Succeeded', 'Failed', 'Cancelled'])"
            " || (has(self.phase) && self.phase == oldSelf.phase)",
            "a finished job stays as it ended: meninx retry makes a new one",
        )
    ),
):
    """What is observed of the job."""

    observed_generation: int | None = Field(default=None, description="Spec that this is about.")
    phase: Phase | None = Field(default=None, description="Where the job stands, for people.")
    conditions: list[Condition] = Field(
        default_factory=list,
        json_schema_extra=keyed_by("type"),
        description="Admitted, InputReady, Inferred (operator); Stored, Delivered (ingress).",
    )
    job_name: str | None = Field(default=None, description="The Kubernetes Job that does the work.")
    attempts: int | None = Field(default=None, description="Pods started for the job so far.")
    steps: list[StepStatus] = Field(
        json_schema_extra=keyed_by("name"),
        default_factory=list,
        description="Steps of the last attempt.",
    )
    failed_attempts: list[Attempt] = Field(
        json_schema_extra=keyed_by("pod"),
        default_factory=list,
        max_length=20,
        description="The attempts that failed, with reasons; at most the last 20.",
    )
    queue: QueueStatus | None = Field(default=None, description="Where the job waits.")
    timings: Timings | None = Field(default=None, description="Seconds by stage.")
    results: Results | None = Field(default=None, description="What was found and stored.")
    started_at: Time | None = Field(default=None, description="When the Kubernetes Job was made.")
    finished_at: Time | None = Field(default=None, description="When the job became terminal.")


class InferenceJob(Shape):
    """One study through one model or pipeline."""

    api_version: Literal["meninx.io/v1alpha1"] = API_VERSION
    kind: Literal["InferenceJob"] = "InferenceJob"
    metadata: ObjectMeta
    spec: InferenceJobSpec
    status: InferenceJobStatus = InferenceJobStatus()
