"""AIModel (aim): one version of one model."""

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from meninx.resources.meta import (
    API_VERSION,
    ChannelName,
    CodedConcept,
    Condition,
    Contract,
    NameRef,
    ObjectMeta,
    Quantity,
    Sha256,
    Shape,
    keyed_by,
    rules,
)
from meninx.resources.predicates import SeriesSelector


class Channel(Shape):
    """One named input of the model."""

    name: ChannelName = Field(
        description="Channel name: the container finds <name>.nii in its input folder.",
    )
    selector: SeriesSelector = Field(
        default_factory=SeriesSelector, description="Which series of the study it is made from."
    )
    compress: bool = Field(
        default=False, description="Write <name>.nii.gz instead of <name>.nii (slower)."
    )


class Label(Shape):
    """One value of the model's label map and what it means."""

    value: int = Field(ge=1, le=255, description="The value in the label map.")
    name: str = Field(min_length=1, max_length=64, description="Name of the segment.")
    type: CodedConcept = Field(description="Segmented property type (SNOMED CT).")
    category: CodedConcept = Field(
        default=CodedConcept(value="49755003", meaning="Morphologically Abnormal Structure"),
        description="Segmented property category (SNOMED CT).",
    )
    anatomic_region: CodedConcept | None = Field(
        default=None, description="Anatomic region of the segment (SNOMED CT)."
    )


class Gpu(
    Shape,
    json_schema_extra=rules(
        (
            "!(has(self.migProfile) && has(self.deviceClass))",
            "give migProfile (device plugin) or deviceClass (DRA), not both",
        ),
        (
            "!(has(self.migProfile) || has(self.deviceClass)) || self.resource == 'nvidia.com/gpu'",
            "resource names a device plugin's resource: leave it out where migProfile or deviceClass "
            "is given",
        ),
        (
            "self.resource.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9._]*"
            "[A-Za-z0-9])?$')",
            "resource must be an extended resource such as nvidia.com/gpu",
        ),
        (
            "self.count > 0 || !(has(self.migProfile) || has(self.deviceClass))",
            "migProfile and deviceClass need a count of at least 1",
        ),
    ),
):
    """The GPU that one run of the model needs."""

    count: int = Field(default=1, ge=0, le=16, description="How many GPUs; 0 runs on the CPU.")
    resource: str = Field(
        default="nvidia.com/gpu",
        max_length=253,
        description="Extended resource that the device plugin offers.",
    )
    mig_profile: str | None = Field(
        default=None,
        pattern=r"^[1-9]g\.[0-9]+gb(\.me)?$",
        max_length=16,
        description="MIG profile such as 1g.10gb instead of a whole GPU (resource nvidia.com/mig-<profile>).",
    )
    device_class: str | None = Field(
        default=None,
        max_length=253,
        description="DeviceClass of dynamic resource allocation, instead of a device plugin.",
    )
    product: str | None = Field(
        default=None,
        description="GPU product label that the node must carry; the chart's default if empty.",
    )


def _word(description: str, *allowed: str) -> dict[str, JsonValue]:
    return {"type": "string", "description": description} | (
        {"enum": list(allowed)} if allowed else {}
    )


_TOLERATION: JsonValue = {
    "type": "object",
    "description": "A taint that the pod tolerates.",
    "properties": {
        "key": _word("Key of the taint; empty with operator Exists means all."),
        "operator": _word("How the key relates to the value.", "Exists", "Equal"),
        "value": _word("Value of the taint."),
        "effect": _word("Effect of the taint.", "NoSchedule", "PreferNoSchedule", "NoExecute"),
        "tolerationSeconds": {
            "type": "integer",
            "description": "How long a NoExecute taint is tolerated.",
        },
    },
}


class Resources(
    Shape,
    json_schema_extra=rules(
        (
            "!has(self.sharedMemory) || !isQuantity(self.sharedMemory) || !isQuantity(self.memory)"
            " || quantity(self.sharedMemory).compareTo(quantity(self.memory)) <= 0",
            "sharedMemory is part of memory: give memory at least as much",
        )
    ),
):
    """What one run of the model needs."""

    gpu: Gpu = Field(default=Gpu(), description="GPU of the model's container.")
    cpu: Quantity = Field(default="1", description="CPU request of the model's container.")
    memory: Quantity = Field(
        default="4Gi", description="Memory request and limit of the container."
    )
    shared_memory: Quantity | None = Field(
        default=None,
        description="Size of /dev/shm, a part of memory; the runtime's 64Mi if empty.",
    )
    node_selector: dict[str, str] = Field(
        default_factory=dict, description="Labels that the node must carry, beside the GPU product."
    )
    tolerations: list[dict[str, Any]] = Field(
        default_factory=list,
        max_length=16,
        json_schema_extra={"items": _TOLERATION},
        description="Tolerations of the pod, as in a pod spec.",
    )
    runtime_class_name: str | None = Field(
        default=None, description="RuntimeClass of the pod, such as nvidia."
    )


class Weights(
    Shape,
    json_schema_extra=rules(
        (
            "!has(self.uri) || self.uri.matches('^(https?://[^/@]+/.+|pvc://[a-z0-9][^/]*/.+)$')",
            "uri must be https://host/path, http://host/path or pvc://claim/path, without a user or "
            "password in it",
        ),
        (
            "!has(self.secretRef) || (has(self.uri) && self.uri.startsWith('https://'))",
            "secretRef is only sent to an https address",
        ),
    ),
):
    """The weights: baked into the image, or brought from elsewhere and checked."""

    sha256: Sha256 = Field(description="SHA-256 of the weights file, written into every result.")
    uri: str | None = Field(
        default=None,
        pattern=r"^(https?://[^\s/@]+/[^\s]+|pvc://[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[^\s]+)$",
        max_length=1024,
        description="Where they are: https://host/path or pvc://claim/path; in the image if empty. "
        "The container finds the file's path in MENINX_WEIGHTS.",
    )
    secret_ref: NameRef | None = Field(
        default=None,
        description="Secret with the key token: sent as a bearer token to an https address.",
    )


Word = Annotated[str, Field(max_length=1024)]
Image = Annotated[str, Field(min_length=1, max_length=512)]

# Selectors stay open to change: a hospital adapts them, and each job records the series it got.
_SAME_RESULTS = (
    "self.version != oldSelf.version || (self.image == oldSelf.image"
    " && has(self.weights) == has(oldSelf.weights)"
    " && (!has(self.weights) || self.weights.sha256 == oldSelf.weights.sha256)"
    " && self.contract == oldSelf.contract"
    " && has(self.command) == has(oldSelf.command)"
    " && (!has(self.command) || self.command == oldSelf.command)"
    " && has(self.args) == has(oldSelf.args)"
    " && (!has(self.args) || self.args == oldSelf.args)"
    " && self.channels.map(c, c.name) == oldSelf.channels.map(c, c.name)"
    " && (has(self.labels) ? self.labels : []) == (has(oldSelf.labels) ? oldSelf.labels : []))"
)


class AIModelSpec(
    Shape,
    json_schema_extra=rules(
        (
            _SAME_RESULTS,
            "image, command, contract, weights, labels and names of channels of a version can't be "
            "changed: give the model a new spec.version",
        ),
        (
            "self.contract == 'MAP' || (has(self.labels) && self.labels.size() > 0)",
            "labels are needed: say what each value of the label map means",
        ),
        (
            "self.contract == 'Meninx' || self.channels.size() == 1",
            "a MONAI Application Package gets one folder of DICOM: give exactly one channel",
        ),
    ),
):
    """What a person says of one version of a model."""

    image: Image = Field(description="Container image, best pinned by digest.")
    contract: Contract = Field(
        default="Meninx",
        description="How the container is spoken to: Meninx (NIfTI and result.json), or MAP, a MONAI "
        "Application Package (a DICOM folder in and out).",
    )
    command: list[Word] | None = Field(
        default=None, max_length=64, description="Command instead of the image's entry point."
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
    version: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$",
        max_length=32,
        description="Version, written into results.",
    )
    title: str = Field(
        default="", max_length=64, description="Name that a radiologist sees; default is the name."
    )
    task: Literal["Segmentation"] = Field(
        default="Segmentation", description="What kind of result the model makes."
    )
    weights: Weights | None = Field(
        default=None, description="Which weights run: the image's own, or brought from elsewhere."
    )
    channels: list[Channel] = Field(
        json_schema_extra=keyed_by("name"),
        min_length=1,
        max_length=8,
        description="Input channels; each is made from one series.",
    )
    labels: list[Label] = Field(
        json_schema_extra=keyed_by("value")
        | rules(
            ("self.all(a, self.exists_one(b, a.name == b.name))", "names of labels must be unique")
        ),
        default_factory=list,
        max_length=32,
        description="Labels of the label map that the model writes.",
    )
    resources: Resources = Field(
        default=Resources(), description="What one run of the model needs."
    )
    timeout_seconds: int = Field(
        default=1800, ge=1, description="Longest run of one attempt, from the pod's start."
    )
    start_deadline_seconds: int = Field(
        default=600, ge=1, description="Longest wait for the image and the start of its container."
    )
    concurrency: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Most jobs of the model at once; no limit if empty.",
    )
    no_findings: Literal["NoObject", "EmptySegmentation"] = Field(
        default="NoObject",
        description="What a run without findings stores: nothing, or a segmentation without voxels.",
    )
    version_of: NameRef | None = Field(
        default=None,
        description="The AIModel that this is another version of, where routes name that one.",
    )
    current: NameRef | None = Field(
        default=None,
        description="The version that routes which name this model run: an AIModel whose versionOf "
        "is this one. Itself if empty. meninx promote sets it, forward and back.",
    )


class Latency(Shape):
    """How long jobs took."""

    p50: float = Field(description="Half of the jobs took less.")
    p95: float = Field(description="Nineteen of twenty jobs took less.")


class Quality(Shape):
    """What was measured of a version on subjects that it has not learned from."""

    dataset: Sha256 = Field(
        description="SHA-256 over the test subjects' files: only figures of the same can be compared."
    )
    dice: float = Field(ge=0, le=1, description="Mean Dice.")
    average_hausdorff_mm: float | None = Field(
        default=None, ge=0, description="Mean of the two directed mean surface distances, in mm."
    )
    hd95_mm: float | None = Field(
        default=None,
        alias="hd95Mm",
        ge=0,
        description="95th percentile of the surface distance, in mm.",
    )
    sensitivity: float | None = Field(default=None, ge=0, le=1, description="Voxels found.")
    specificity: float | None = Field(default=None, ge=0, le=1, description="Voxels left out.")
    heads: int | None = Field(default=None, ge=1, description="Test subjects.")
    measured_by: str | None = Field(
        default=None, max_length=253, description="The TrainingJob that measured it."
    )


class AIModelStatus(Shape):
    """What is observed of the model."""

    observed_generation: int | None = Field(default=None, description="Spec that this is about.")
    conditions: list[Condition] = Field(
        default_factory=list,
        json_schema_extra=keyed_by("type"),
        description="Ready, with its reason.",
    )
    running: int | None = Field(default=None, description="Jobs of this model that run now.")
    waiting: int | None = Field(default=None, description="Jobs of this model that wait.")
    succeeded: int | None = Field(default=None, description="Jobs kept that succeeded.")
    failed: int | None = Field(default=None, description="Jobs kept that failed.")
    latency_seconds: Latency | None = Field(
        default=None, description="From creation to the result in the store, of the jobs kept."
    )
    quality: Quality | None = Field(
        default=None, description="What was measured of this version, and on which subjects."
    )


class AIModel(Shape):
    """One version of one model: its image, inputs, labels and needs."""

    api_version: Literal["meninx.io/v1alpha1"] = API_VERSION
    kind: Literal["AIModel"] = "AIModel"
    metadata: ObjectMeta
    spec: AIModelSpec
    status: AIModelStatus = AIModelStatus()
