"""How far a run is, as it is kept in the checkpoint and told."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class State:
    """How far a run is."""

    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    skipped: int = 0
    seconds: float = 0.0
    best_dice: float = -1.0
    best_epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
