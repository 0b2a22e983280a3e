"""TrainingJob (tj): trains a model on a volume, measures it, and registers it as a new version."""

from typing import Literal

from pydantic import Field

from meninx.resources.aimodel import Image, Quality, Resources, Word
from meninx.resources.inferencejob import Attempt, QueueStatus
from meninx.resources.meta import (
    API_VERSION,
    Condition,
    DnsName,
    NameRef,
    ObjectMeta,
    Sha256,
    Shape,
    Time,
    immutable,
    keyed_by,
    rules,
)
from meninx.resources.trainingdata import Claim, TrainingData
from meninx.resources.trainingplan import TrainingPlan

TrainingPhase = Literal[
    "Pending", "Queued", "Running", "Registering", "Succeeded", "Failed", "Cancelled"
]
ENDED: frozenset[str] = frozenset({"Succeeded", "Failed", "Cancelled"})


class TrainingOutput(Shape):
    """Where checkpoint, weights, curves and metrics are written."""

    volume_claim: Claim = Field(
        description="A volume that outlives the pod. The folder is this training's own: what is "
        "interrupted goes on from the checkpoint in it."
    )


class Register(
    Shape,
    json_schema_extra=rules(
        ("self.name != self.from", "name is a new AIModel: it can't be the one it is made from"),
    ),
):
    """The AIModel that the training makes."""

    name: DnsName = Field(description="Name of the new AIModel.")
    version: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$",
        max_length=32,
        description="Its version, written into results.",
    )
    origin: DnsName = Field(
        alias="from",
        description="The AIModel whose image, channels, labels and resources it takes, and whose "
        "version it is: routes that name that model may get the new one.",
    )
    promote: Literal["Never", "IfBetter"] = Field(
        default="Never",
        description="IfBetter: routes get it at once where it is better than the current version "
        "on the same test set. Never: a person decides (meninx promote).",
    )
    metric: Literal["Dice", "AverageHausdorff"] = Field(
        default="Dice", description="What must be better: Dice (more) or AverageHausdorff (less)."
    )
    least_margin: float = Field(
        default=0.0, ge=0, le=100, description="By how much at least, in units of the metric."
    )


class TrainingJobSpec(
    Shape,
    json_schema_extra=rules(
        (
            "!oldSelf.cancel || self.cancel",
            "a cancelled training stays cancelled: make a new one on the same output to go on",
        ),
        (
            "has(self.register) == has(oldSelf.register)",
            "spec.register can't be changed: make a new object instead",
        ),
        (
            "!has(self.data.volumeClaim)"
            " || self.data.volumeClaim.claimName != self.output.volumeClaim.claimName"
            " || self.data.volumeClaim.path != self.output.volumeClaim.path",
            "output must be another folder than data",
        ),
        (
            "self.resources.gpu.count <= 1 || has(self.command)",
            "several GPUs need command: torchrun starts it once for each of them",
        ),
    ),
):
    """What is to be trained, on what, and what becomes of it."""

    image: Image = Field(
        json_schema_extra=immutable("spec.image"),
        description="Any image that obeys the training contract, best pinned by digest.",
    )
    command: list[Word] | None = Field(
        default=None,
        max_length=64,
        description="Command instead of the image's entry point; with several GPUs torchrun starts "
        "it once for each.",
    )
    args: list[Word] | None = Field(
        default=None, max_length=64, description="Arguments instead of the image's own."
    )
    image_pull_secrets: list[NameRef] = Field(
        json_schema_extra=keyed_by("name"),
        default_factory=list,
        max_length=8,
        description="Secrets for the image's registry (kubernetes.io/dockerconfigjson).",
    )
    data: TrainingData = Field(
        json_schema_extra=immutable("spec.data"), description="What is learned from."
    )
    output: TrainingOutput = Field(
        json_schema_extra=immutable("spec.output"), description="Where the results are written."
    )
    plan: TrainingPlan = Field(
        json_schema_extra=immutable("spec.plan"), description="What is trained and how."
    )
    resources: Resources = Field(default=Resources(), description="What the training needs.")
    register_as: Register | None = Field(
        default=None,
        alias="register",
        json_schema_extra=immutable("spec.register"),
        description="The AIModel to be made of it; none if empty.",
    )
    retries: int = Field(
        default=2, ge=0, le=10, description="How often a training that failed goes on again."
    )
    start_deadline_seconds: int = Field(
        default=1800, ge=1, description="Longest wait for the image and the start of its container."
    )
    deadline_seconds: int | None = Field(
        default=None, ge=1, description="Fails the training so long after its creation."
    )
    suspend: bool = Field(
        default=False, description="True holds it back; it goes on from its checkpoint."
    )
    cancel: bool = Field(
        default=False, description="True ends it for good; what it has written stays."
    )


class Progress(Shape):
    """How far the training has come, as its log says."""

    epoch: int = Field(description="Epochs that are done.")
    epochs: int = Field(description="Epochs that are planned.")
    loss: float | None = Field(default=None, description="Mean loss of the last epoch.")
    dice: float | None = Field(default=None, description="Dice after the last epoch.")
    best_dice: float | None = Field(default=None, description="Best Dice so far.")
    eta_seconds: float | None = Field(
        default=None, description="Seconds until its end, as it says."
    )


class TrainingResult(Shape):
    """What the training made."""

    weights: str = Field(max_length=1024, description="Address of the weights: pvc://claim/path.")
    sha256: Sha256 = Field(description="SHA-256 of the weights file.")
    quality: Quality = Field(description="What was measured on the held-out subjects.")


class DataStatus(Shape):
    """What was made of the store's segmented studies, in numbers."""

    pairs: int = Field(description="Studies that made a pair of image and label.")
    broken: int = Field(description="Studies whose pair can't be used; sources.json says why.")
    passed_over: int = Field(description="Studies without a segmentation that was asked for.")


class GateStatus(Shape):
    """Whether the new version may take the place of the current one, and by which figures."""

    decision: Literal["Promote", "Keep"] = Field(
        description="Promote: routes get the new version. Keep: they stay with the current one."
    )
    reason: str = Field(description="A word of the published vocabulary of reasons.")
    message: str = Field(default="", description="The figures, in a sentence.")
    current_model: str | None = Field(
        default=None, description="Which version it was held against."
    )
    current: float | None = Field(default=None, description="That version's figure.")
    candidate: float | None = Field(default=None, description="The new version's figure.")


class TrainingJobStatus(
    Shape,
    json_schema_extra=rules(
        (
            "!has(oldSelf.phase) || !(oldSelf.phase in ['Succeeded', 'Failed', 'Cancelled'])"
            " || (has(self.phase) && self.phase == oldSelf.phase)",
            "a finished training stays as it ended: make a new one on the same output to go on",
        )
    ),
):
    """What is observed of the training."""

    observed_generation: int | None = Field(default=None, description="Spec that this is about.")
    phase: TrainingPhase | None = Field(default=None, description="Where it stands, for people.")
    conditions: list[Condition] = Field(
        default_factory=list,
        json_schema_extra=keyed_by("type"),
        description="Admitted, Trained, Registered, Promoted.",
    )
    job_name: str | None = Field(default=None, description="The Kubernetes Job that does the work.")
    attempts: int | None = Field(default=None, description="Pods started for it so far.")
    failed_attempts: list[Attempt] = Field(
        json_schema_extra=keyed_by("pod"),
        default_factory=list,
        max_length=20,
        description="The attempts that failed or gave way, with reasons; at most the last 20.",
    )
    queue: QueueStatus | None = Field(default=None, description="Where it waits.")
    data: DataStatus | None = Field(
        default=None, description="What was made of the store's studies; none for a volume."
    )
    progress: Progress | None = Field(default=None, description="How far it has come.")
    result: TrainingResult | None = Field(default=None, description="What it made.")
    registered: str | None = Field(default=None, description="The AIModel that was made.")
    gate: GateStatus | None = Field(default=None, description="Whether it was promoted, and why.")
    started_at: Time | None = Field(default=None, description="When the Kubernetes Job was made.")
    finished_at: Time | None = Field(default=None, description="When it became terminal.")


class TrainingJob(Shape):
    """One training: from a data set to a new version of a model."""

    api_version: Literal["meninx.io/v1alpha1"] = API_VERSION
    kind: Literal["TrainingJob"] = "TrainingJob"
    metadata: ObjectMeta
    spec: TrainingJobSpec
    status: TrainingJobStatus = TrainingJobStatus()
