"""AIPipeline (aip): an ordered chain of steps, one step's output folder the next one's input."""

from typing import Literal

from pydantic import Field

from meninx.resources.aimodel import Channel, Image, Resources, Word
from meninx.resources.meta import (
    API_VERSION,
    Condition,
    NameRef,
    ObjectMeta,
    Shape,
    StepName,
    keyed_by,
    rules,
)


class When(
    Shape,
    json_schema_extra=rules(
        (
            "has(self.exists) || has(self.equals) || has(self.atLeast) || has(self.atMost)",
            "a condition needs at least one of exists, equals, atLeast, atMost",
        )
    ),
):
    """A test of a field of an earlier step's result.json; an absent field fails all but exists: false."""

    step: StepName = Field(description="The earlier step whose result.json is read.")
    field: str = Field(
        pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$",
        max_length=256,
        description="Path of the field, such as measurements.volume_ml.",
    )
    exists: bool | None = Field(default=None, description="The field is there, or is not.")
    equals: str | None = Field(
        default=None, max_length=256, description="The value, written as text, is this."
    )
    at_least: float | None = Field(default=None, description="The number is this or more.")
    at_most: float | None = Field(default=None, description="The number is this or less.")


class PipelineStep(
    Shape,
    json_schema_extra=rules(
        (
            "has(self.modelRef) != has(self.image)",
            "a step needs exactly one of modelRef, image",
        ),
        (
            "!has(self.modelRef) || !(has(self.command) || has(self.args) || has(self.resources))",
            "command, args and resources of a model are said in its AIModel",
        ),
        (
            "!has(self.when) || has(self.modelRef) || has(self.command)",
            "a step with `when` needs command: the image's entry point can't be skipped",
        ),
    ),
):
    """One step: an AIModel, or a plain image that obeys the container contract."""

    name: StepName = Field(description="Name of the step, unique in the pipeline.")
    model_ref: NameRef | None = Field(default=None, description="The AIModel of the step.")
    image: Image | None = Field(default=None, description="Container image of the step.")
    command: list[Word] | None = Field(
        default=None, max_length=64, description="Command instead of the image's entry point."
    )
    args: list[Word] | None = Field(
        default=None, max_length=64, description="Arguments instead of the image's own."
    )
    resources: Resources | None = Field(
        default=None, description="What a plain image needs; no GPU if empty."
    )
    when: When | None = Field(
        default=None, description="Run the step only if this holds; else its input passes through."
    )
    intermediate: bool = Field(
        default=False,
        description="What the step segments is for later steps only, and never the result.",
    )


def _kept(field: str) -> str:
    return f"has(s.{field}) == has(o.{field}) && (!has(s.{field}) || s.{field} == o.{field})"


_KEPT = ("modelRef", "image", "command", "args", "intermediate")
# Resources of a step stay open to change: they don't change what comes out.
_SAME_STEPS = (
    "self.version != oldSelf.version || (self.steps.map(s, s.name) == oldSelf.steps.map(s, s.name)"
    " && self.steps.all(s, oldSelf.steps.exists(o, o.name == s.name && "
    + " && ".join(_kept(field) for field in (*_KEPT, "when"))
    + ")))"
)


class AIPipelineSpec(
    Shape,
    json_schema_extra=rules(
        (
            _SAME_STEPS,
            "steps of a version can't be changed: give the pipeline a new spec.version",
        ),
        (
            "!self.steps.exists(s, s.name in ['fetch', 'deliver', 'gate', 'weights', 'train', 'collect']"
            " || s.name.startsWith('gate-') || s.name.startsWith('weights-'))",
            "fetch, deliver, collect, train, gate, weights, gate-... and weights-... are names of Meninx's own "
            "containers: give the step another one",
        ),
        (
            "self.steps.exists(s, has(s.modelRef))",
            "a pipeline needs at least one step with a modelRef: it names the labels of the result",
        ),
        (
            "!self.steps.all(s, s.intermediate)",
            "every step is intermediate: one must be left whose segmentation is the result",
        ),
        (
            "has(self.channels) || has(self.steps[0].modelRef)",
            "channels are needed where the first step is a plain image",
        ),
        (
            "self.steps.all(s, !has(s.when) || self.steps.exists(o, o.name == s.when.step"
            " && o.name != s.name))",
            "when.step must name another step of the pipeline",
        ),
    ),
):
    """What a person says of one version of a pipeline."""

    version: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$",
        max_length=32,
        description="Version, written into results.",
    )
    channels: list[Channel] | None = Field(
        json_schema_extra=keyed_by("name"),
        default=None,
        max_length=8,
        description="Input channels; those of the first step's model if empty.",
    )
    steps: list[PipelineStep] = Field(
        json_schema_extra=keyed_by("name"),
        min_length=1,
        max_length=8,
        description="Steps, in the order in which they run.",
    )
    timeout_seconds: int = Field(
        default=3600, ge=1, description="Longest run of one attempt, from the pod's start."
    )
    concurrency: int | None = Field(
        default=None, ge=1, le=1000, description="Most jobs at once; no limit if empty."
    )


class AIPipelineStatus(Shape):
    """What is observed of the pipeline."""

    observed_generation: int | None = Field(default=None, description="Spec that this is about.")
    conditions: list[Condition] = Field(
        default_factory=list,
        json_schema_extra=keyed_by("type"),
        description="Ready, with its reason.",
    )


class AIPipeline(Shape):
    """An ordered chain of models and plain images."""

    api_version: Literal["meninx.io/v1alpha1"] = API_VERSION
    kind: Literal["AIPipeline"] = "AIPipeline"
    metadata: ObjectMeta
    spec: AIPipelineSpec
    status: AIPipelineStatus = AIPipelineStatus()
