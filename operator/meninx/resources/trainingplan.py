"""What is trained and how: the plan of a TrainingJob, handed on to its image as YAML."""

from typing import Any, Literal

from pydantic import Field

from meninx.resources.meta import Shape, rules

Loss = Literal[
    "Dice",
    "DiceCE",
    "DiceFocal",
    "DiceHardest",
    "GeneralisedDice",
    "Tversky",
    "Focal",
    "CrossEntropy",
]
Metric = Literal[
    "Dice",
    "AverageHausdorff",
    "HD95",
    "Sensitivity",
    "Specificity",
    "LesionDice",
    "LesionRecall",
    "FalseLesions",
]
Augmentation = Literal["Flip", "Rotation", "Affine", "Elastic", "Gamma", "Noise", "BiasField"]


class Optimiser(Shape):
    """How weights are changed."""

    name: Literal["Adam", "AdamW", "SGD"] = Field(description="Which optimiser.")
    learning_rate: float | None = Field(
        default=None, ge=1e-8, le=10, description="Highest learning rate."
    )
    weight_decay: float | None = Field(
        default=None, ge=0, le=1, description="Weight decay (L2 with Adam)."
    )


class Schedule(
    Shape,
    json_schema_extra=rules(
        (
            "self.name != 'Plateau' || !has(self.warmUpEpochs)",
            "Plateau has no warm-up: leave warmUpEpochs out",
        )
    ),
):
    """How the learning rate changes on the way."""

    name: Literal["Constant", "Cosine", "Polynomial", "Plateau"] = Field(
        description="Which schedule."
    )
    warm_up_epochs: int | None = Field(
        default=None, ge=0, le=10000, description="Epochs in which the rate rises from nothing."
    )


class TrainingPlan(Shape):
    """A named plan of the image, and what differs from it here."""

    preset: str = Field(
        min_length=1,
        max_length=63,
        pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
        description="Named plan of the image: architecture, and all that is not said here.",
    )
    epochs: int | None = Field(
        default=None, ge=1, le=100000, description="Most passes over the training set."
    )
    batch_size: int | None = Field(
        default=None, ge=1, le=1024, description="Volumes to one step, over all GPUs."
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        le=4294967295,
        description="Start of all random numbers: same seed, same result.",
    )
    loss: Loss | None = Field(default=None, description="What is made small.")
    optimiser: Optimiser | None = Field(default=None, description="How weights are changed.")
    schedule: Schedule | None = Field(default=None, description="How the learning rate changes.")
    metrics: list[Metric] | None = Field(
        default=None,
        min_length=1,
        max_length=8,
        json_schema_extra={"x-kubernetes-list-type": "set"},
        description="What the held-out subjects are measured by.",
    )
    augmentation: list[Augmentation] | None = Field(
        default=None,
        max_length=7,
        json_schema_extra={"x-kubernetes-list-type": "set"},
        description="How training volumes are varied; an empty list is not at all.",
    )
    mixed_precision: bool | None = Field(
        default=None, description="Half precision where that is safe."
    )
    gradient_checkpointing: bool | None = Field(
        default=None, description="Less memory for more time: activations are made anew."
    )
    early_stop_epochs: int | None = Field(
        default=None, ge=1, le=100000, description="End after so many epochs without a better one."
    )
    more: dict[str, Any] = Field(
        default_factory=dict,
        json_schema_extra={"x-kubernetes-preserve-unknown-fields": True},
        description="Further fields of the image's plan, as its file would have them.",
    )
