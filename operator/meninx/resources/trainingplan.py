"""What is trained and how: the plan of a TrainingJob, handed on to its image as YAML."""

from typing import Annotated, Literal

from pydantic import Field

from meninx.resources.meta import Shape

Loss = Literal["Dice", "DiceCE", "DiceFocal", "Tversky"]
Metric = Literal[
    "Dice", "AverageHausdorff", "HD95", "Sensitivity", "Specificity", "LesionDice", "LesionRecall"
]
Augmentation = Literal["Flip", "Rotation", "Affine", "Elastic", "Gamma", "Noise", "BiasField"]
Setting = Annotated[str, Field(max_length=256)]


class Optimiser(Shape):
    """How weights are changed."""

    name: Literal["Adam", "AdamW", "SGD"] = Field(default="AdamW", description="Which optimiser.")
    learning_rate: float = Field(default=1e-3, ge=1e-8, le=10, description="Highest learning rate.")
    weight_decay: float = Field(default=1e-5, ge=0, le=1, description="Weight decay (L2).")


class Schedule(Shape):
    """How the learning rate changes on the way."""

    name: Literal["Constant", "Cosine", "Polynomial", "OneCycle"] = Field(
        default="Cosine", description="Which schedule."
    )
    warm_up_epochs: int = Field(
        default=0, ge=0, le=10000, description="Epochs in which the rate rises from nothing."
    )


class TrainingPlan(Shape):
    """What is trained and how; what an image does not know it refuses before it begins."""

    preset: str = Field(
        min_length=1,
        max_length=63,
        pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
        description="Architecture by the name that the image gives it, such as unet or unetr.",
    )
    epochs: int = Field(ge=1, le=100000, description="Most passes over the training set.")
    batch_size: int = Field(default=1, ge=1, le=1024, description="Volumes or windows in a step.")
    seed: int = Field(
        default=0,
        ge=0,
        le=4294967295,
        description="Start of all random numbers: same, same result.",
    )
    loss: Loss = Field(default="DiceCE", description="What is made small.")
    optimiser: Optimiser = Field(default=Optimiser(), description="How weights are changed.")
    schedule: Schedule = Field(default=Schedule(), description="How the learning rate changes.")
    metrics: list[Metric] = Field(
        default_factory=list,
        max_length=7,
        json_schema_extra={"x-kubernetes-list-type": "set"},
        description="What is measured on the held-out subjects; the image's own choice if empty.",
    )
    augmentation: list[Augmentation] = Field(
        default_factory=list,
        max_length=7,
        json_schema_extra={"x-kubernetes-list-type": "set"},
        description="How training volumes are varied; none if empty.",
    )
    mixed_precision: bool = Field(default=True, description="Half precision where it is safe.")
    gradient_checkpointing: bool = Field(
        default=False, description="Less memory for more time: activations are made anew."
    )
    early_stop_epochs: int | None = Field(
        default=None, ge=1, le=100000, description="End after so many epochs without a better one."
    )
    more: dict[str, Setting] = Field(
        default_factory=dict,
        max_length=32,
        description="Further settings that the image knows, by name, as text.",
    )
