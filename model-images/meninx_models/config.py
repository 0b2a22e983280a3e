"""The one typed configuration of training; a run writes the resolved copy and reads only that."""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

Preset = Literal["unet", "unet-res2"]


class Stage(BaseModel):
    """One stretch of training at one resolution."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    millimetres: Literal[1, 2]
    steps: int = Field(ge=1)
    rate: float = Field(gt=0)
    warm_up: int = Field(default=50, ge=0)
    ema: float = Field(default=0.998, ge=0, lt=1)


class Config(BaseModel):
    """What a training run is made of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: Preset = "unet"
    seed: int = 20261125
    threads: int = Field(default=1, ge=1)
    bfloat16: bool = True
    weight_decay: float = 1e-4
    clip: float = 5.0
    checkpoint_every: int = 200
    heads: int = Field(default=340, ge=1)
    first_seed: int = 100000
    test_heads: int = Field(default=48, ge=4)
    test_first_seed: int = 900000
    threshold: float = Field(default=0.5, gt=0, lt=1)
    least_component_ml: float = Field(default=0.1, ge=0)
    stages: tuple[Stage, ...]
    notes: tuple[str, ...] = ()
    """What the card says of the shipped weights beside the figures."""


def read_config(path: Path) -> Config:
    """Read a configuration file. Raises pydantic's error, which names the field."""
    return Config.model_validate(yaml.safe_load(path.read_text()))
