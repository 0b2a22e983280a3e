"""The typed plan of a training on a data set of one's own (`fit`); a run writes the resolved copy and reads only that.

The recipe of the shipped weights is another: see `recipe`.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from meninx_models.presets import PLANS, PRIORS

Preset = Literal["unet", "unet-res2", "unetr", "report-unet", "report-unetr"]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Span = tuple[float, float]
Edge = Annotated[int, Field(ge=32, multiple_of=16)]
Size = tuple[Edge, Edge, Edge]
"""Voxels: the networks halve them four times."""
MetricName = Literal[
    "dice", "average_hausdorff_mm", "hd95_mm", "sensitivity", "specificity", "lesion_dice",
    "recall", "false_lesions",
]  # fmt: skip


class Part(BaseModel):
    """A closed part of a plan: what it doesn't know is an error that names the field."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class HeadInput(Part):
    """Heads on the image's own canvas: what is trained so runs in the image as it is."""

    kind: Literal["head"] = "head"
    millimetres: Literal[1, 2] = 1


class GridInput(Part):
    """Any volumes: resampled, cut or padded around their centre, percentiles to [0, 1]."""

    kind: Literal["grid"] = "grid"
    spacing_mm: Positive = 1.0
    shape: Size
    percentiles: Span = (1.0, 99.9)


class Split(Part):
    """Shares of the subjects."""

    train: Positive = 0.8
    validation: Positive = 0.1
    test: Positive = 0.1


class Data(Part):
    """Which labels count, who is in which split, and what happens with broken pairs."""

    lesion: tuple[int, ...] | None = None
    background: tuple[int, ...] | None = None
    """Without these the layout's own: 1 and 0, for BraTS-MEN 1, 3 and 0, 2."""
    subject: str | None = None
    """Pattern whose first group in a case's name is its subject: cases of one stay together."""
    split: Split = Split()
    broken: Literal["refuse", "skip"] = "refuse"


class DiceLoss(Part):
    """1 - Dice, head by head."""

    name: Literal["dice"] = "dice"
    smooth: Positive = 1e-5
    squared: bool = False


class DiceCrossEntropy(Part):
    """Dice and binary cross-entropy, weighted."""

    name: Literal["dice_ce"] = "dice_ce"
    smooth: Positive = 1e-5
    dice_weight: float = Field(default=1.0, ge=0)
    entropy_weight: float = Field(default=1.0, ge=0)


class DiceFocal(Part):
    """Dice and focal loss, weighted."""

    name: Literal["dice_focal"] = "dice_focal"
    smooth: Positive = 1e-5
    gamma: float = Field(default=2.0, ge=0)
    dice_weight: float = Field(default=1.0, ge=0)
    focal_weight: float = Field(default=1.0, ge=0)


class Tversky(Part):
    """Overlap with a price of its own for false and for missed voxels."""

    name: Literal["tversky"] = "tversky"
    smooth: Positive = 1e-5
    false_weight: Share = 0.3
    missed_weight: Share = 0.7


class GeneralisedDice(Part):
    """Dice weighted by the inverse of the lesion's volume."""

    name: Literal["generalised_dice"] = "generalised_dice"
    smooth: Positive = 1e-5


class Focal(Part):
    """Cross-entropy that counts easy voxels less."""

    name: Literal["focal"] = "focal"
    gamma: float = Field(default=2.0, ge=0)


class CrossEntropy(Part):
    """Binary cross-entropy of all voxels."""

    name: Literal["cross_entropy"] = "cross_entropy"


class DiceHardest(Part):
    """Ours: Dice smoothed so that healthy heads count, and the worst voxels' cross-entropy."""

    name: Literal["dice_hardest"] = "dice_hardest"


Loss = Annotated[
    DiceLoss | DiceCrossEntropy | DiceFocal | Tversky | GeneralisedDice | Focal | CrossEntropy
    | DiceHardest,
    Field(discriminator="name"),
]  # fmt: skip


class Adam(Part):
    """Adam; its weight decay is an L2 term in the gradient."""

    name: Literal["adam"] = "adam"
    rate: Positive = 1e-3
    weight_decay: float = Field(default=1e-5, ge=0)
    betas: tuple[Share, Share] = (0.9, 0.999)


class AdamW(Part):
    """Adam with weight decay apart from the gradient."""

    name: Literal["adamw"] = "adamw"
    rate: Positive = 1e-3
    weight_decay: float = Field(default=1e-4, ge=0)
    betas: tuple[Share, Share] = (0.9, 0.999)


class Sgd(Part):
    """Stochastic gradient descent with Nesterov's momentum."""

    name: Literal["sgd"] = "sgd"
    rate: Positive = 1e-2
    weight_decay: float = Field(default=3e-5, ge=0)
    momentum: Share = 0.99


Optimiser = Annotated[Adam | AdamW | Sgd, Field(discriminator="name")]


class Constant(Part):
    """One rate from beginning to end."""

    name: Literal["constant"] = "constant"
    warm_up_epochs: int = Field(default=0, ge=0)


class Plateau(Part):
    """The rate falls when the validation metric has not risen for some epochs."""

    name: Literal["plateau"] = "plateau"
    factor: float = Field(default=0.5, gt=0, lt=1)
    patience: Count = 10
    least_rate: float = Field(default=1e-6, ge=0)


class Cosine(Part):
    """Half a cosine down to a share of the rate."""

    name: Literal["cosine"] = "cosine"
    warm_up_epochs: int = Field(default=0, ge=0)
    last_share: Share = 0.02


class Poly(Part):
    """The share of epochs that are left, to a power."""

    name: Literal["poly"] = "poly"
    warm_up_epochs: int = Field(default=0, ge=0)
    power: Positive = 0.9


Schedule = Annotated[Constant | Plateau | Cosine | Poly, Field(discriminator="name")]


class Flip(Part):
    """Mirror along axes of the canvas (0 is left-right)."""

    name: Literal["flip"] = "flip"
    probability: Share = 0.5
    axes: tuple[Literal[0, 1, 2], ...] = (0,)


class Rotation(Part):
    """Turn around each axis by up to so many degrees."""

    name: Literal["rotation"] = "rotation"
    probability: Share = 0.5
    degrees: float = Field(default=10.0, ge=0, le=180)


class Affine(Part):
    """Turn, scale, shear and shift."""

    name: Literal["affine"] = "affine"
    probability: Share = 0.5
    degrees: float = Field(default=5.0, ge=0, le=180)
    scale: float = Field(default=0.1, ge=0, lt=1)
    shear: float = Field(default=0.05, ge=0)
    shift_voxels: float = Field(default=8.0, ge=0)


class Elastic(Part):
    """Smooth random displacement."""

    name: Literal["elastic"] = "elastic"
    probability: Share = 0.3
    sigma_voxels: Span = (5.0, 8.0)
    magnitude: Span = (20.0, 80.0)


class Gamma(Part):
    """Intensities to a random power."""

    name: Literal["gamma"] = "gamma"
    probability: Share = 0.5
    span: Span = (0.8, 1.25)


class Noise(Part):
    """Gaussian noise of up to a standard deviation."""

    name: Literal["noise"] = "noise"
    probability: Share = 0.3
    deviation: float = Field(default=0.02, ge=0)


class BiasField(Part):
    """A smooth gain over the volume, as a coil leaves it."""

    name: Literal["bias_field"] = "bias_field"
    probability: Share = 0.3
    strength: Span = (0.0, 0.1)


Augmentation = Annotated[
    Flip | Rotation | Affine | Elastic | Gamma | Noise | BiasField, Field(discriminator="name")
]


class Patch(Part):
    """Random pieces in place of whole volumes."""

    shape: Size = (96, 96, 96)
    lesion_share: Share = 0.5
    """How many of the pieces have a lesion's voxel in the middle, where the head has one."""


class EarlyStop(Part):
    """Stop when nothing was gained for some epochs."""

    patience: Count = 30
    least_gain: float = Field(default=0.0, ge=0)


class Plan(Part):
    """What `fit` does, resolved; every field has a default of ours."""

    preset: str = "default"
    """The named plan that this one began with; its values are spelled out here."""
    name: str = "trained"
    version: str = "1.0.0"
    network: Preset = "unet"
    prior: float | None = Field(default=None, gt=0, lt=1)
    """What the untrained network says of every voxel; None: what its first weights make of it."""
    seed: int = Field(default=1, ge=0)
    threads: int = Field(default=0, ge=0)
    """CPU threads of torch; 0 leaves torch's own choice."""
    workers: int = Field(default=0, ge=0)
    """Processes that load and change volumes, for each training process."""
    epochs: Count = 100
    batch: Count = 2
    """Volumes to one step, over all processes."""
    micro_batch: Count = 1
    """Volumes in memory at once; gradients of the others are gathered."""
    input: Annotated[HeadInput | GridInput, Field(discriminator="kind")] = HeadInput()
    patch: Patch | None = None
    data: Data = Data()
    loss: Loss = DiceHardest()
    optimiser: Optimiser = AdamW()
    schedule: Schedule = Cosine(warm_up_epochs=2)
    augmentation: tuple[Augmentation, ...] = ()
    metrics: tuple[MetricName, ...] = (
        "dice", "average_hausdorff_mm", "hd95_mm", "sensitivity", "specificity", "lesion_dice",
        "recall", "false_lesions",
    )  # fmt: skip
    """What the held-out split is measured by."""
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    gradient_checkpointing: bool = False
    average: float = Field(default=0.99, ge=0, lt=1)
    """How much of the averaged weights stays in a step; 0 keeps the raw weights."""
    clip: Positive = 5.0
    validate_every: Count = 1
    checkpoint_every_steps: Count | None = None
    """Beside the checkpoint after each epoch."""
    early_stop: EarlyStop | None = EarlyStop()
    threshold: float = Field(default=0.5, gt=0, lt=1)
    least_component_ml: float = Field(default=0.1, ge=0)
    tensorboard: bool = True

    @model_validator(mode="after")
    def _splits_make_one(self) -> "Plan":
        split = self.data.split
        if abs(split.train + split.validation + split.test - 1) > 1e-6:
            raise ValueError("data.split: train, validation and test must make 1 together")
        return self


def read_plan(path: Path) -> Plan:
    """Read a plan over the named one it begins with. Raises ValueError, which names the field."""
    return resolve(yaml.safe_load(path.read_text()) or {})


def resolve(asked: dict[str, Any]) -> Plan:
    """Return the whole plan of what was asked for; its parts replace those of the named plan."""
    if not isinstance(asked, dict):
        raise ValueError("a plan is a mapping of fields")  # noqa: TRY004 - one error for callers
    name = asked.get("preset", "default")
    if name not in PLANS:
        raise ValueError(f"preset {name!r}: there are {', '.join(PLANS)}")
    whole = {**PLANS[name], **asked, "preset": name}
    whole.setdefault("prior", PRIORS.get(str(whole.get("network"))))
    return Plan.model_validate(whole)
