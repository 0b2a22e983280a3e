"""The recipe of the shipped weights: stages of training on simulated heads, and what is said of them."""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field

from meninx_models.config import Part, Preset, Share, Size, Span


class Stage(Part):
    """One stretch of training at one resolution."""

    name: str
    millimetres: Literal[1, 2]
    steps: int = Field(ge=1)
    rate: float = Field(gt=0)
    warm_up: int = Field(default=50, ge=0)
    ema: float = Field(default=0.998, ge=0, lt=1)
    bfloat16: bool | None = None
    """Where it is not as in the others."""
    lesion_ml: Span | None = None
    """Heads with so much lesion in all come more often than the others."""
    lesion_ml_share: Share = 0.5
    """How many of the steps they take."""


class Config(Part):
    """The recipe of the shipped weights."""

    preset: Preset = "unet"
    window: Size | None = None
    """What a UNETR sees at once, in voxels of the stages' resolution; a U-Net sees whole heads."""
    lesion_share: Share = 0.5
    """How many of its windows hold a lesion, where the head has one."""
    prior: float | None = Field(default=None, gt=0, lt=1)
    """What an untrained network says of every voxel; near one half a UNETR stood still for long."""
    half_precision: bool = False
    """Keep the weights in half precision in the graph: half its size; it computes as ever."""
    seed: int = 20261125
    threads: int = Field(default=1, ge=1)
    bfloat16: bool = True
    weight_decay: float = 1e-4
    clip: float = 5.0
    checkpoint_every: int = 200
    heads: int = Field(default=340, ge=1)
    first_seed: int = 100000
    test_heads: int = Field(default=60, ge=4)
    test_first_seed: int = 900000
    unseen_heads: int = Field(default=60, ge=4)
    """Of another template, with acquisitions that no head of training has (`meninx phantom --unseen`)."""
    unseen_first_seed: int = 910000
    unseen_also: tuple[int, ...] = ()
    """Further seeds of it: the next healthy heads, where fewer than a quarter of the others are."""
    threshold: float = Field(default=0.5, gt=0, lt=1)
    chosen_on: str = "seeds 5000 to 5029, 6000 to 6023"
    """The heads by which the threshold was chosen."""
    least_component_ml: float = Field(default=0.1, ge=0)
    stages: tuple[Stage, ...]
    notes: tuple[str, ...] = ()
    """What the card says of the shipped weights beside the figures."""


def run_folder(config_path: Path, cache: Path) -> Path:
    """Return where a model's training lies in the cache: each has a run of its own."""
    return cache / "runs" / config_path.parent.name


def read_config(path: Path) -> Config:
    """Read the recipe of the shipped weights. Raises pydantic's error, which names the field."""
    return Config.model_validate(yaml.safe_load(path.read_text()))
