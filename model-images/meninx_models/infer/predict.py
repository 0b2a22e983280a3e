"""From a head on its box to the probability of lesion: at once or by windows, flipped if asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from meninx_models.infer.window import Mask, blend
from meninx_models.preprocess import BOX, Volume

FLIPS_ENV = "MENINX_FLIPS"
"""1: look at the mirrored head too, and take the mean."""
WINDOW_ENV = "MENINX_WINDOW"
"""Edge in voxels: look by windows although the graph would take the whole head."""
LEFT_RIGHT = 0
FALLBACK: tuple[int, int, int] = (96, 96, 96)
"""Windows where the whole head is too much for the memory."""
BASE_BYTES, BYTES_PER_VOXEL = 400 << 20, 60
"""What a process with a loaded engine takes, and what each voxel of a whole head adds at the most."""
Size = tuple[int, int, int]


class Looks(Protocol):
    """What gives probabilities: an engine, one that is still starting, or a network in training."""

    def probabilities(self, window: Volume, /) -> Volume:
        """Return the probability of lesion for each voxel; valid until the next call."""


@dataclass(frozen=True)
class Mode:
    """How a head is looked at; no window means at once."""

    window: Size | None = None
    flips: bool = False

    @property
    def name(self) -> Literal["whole", "windows"]:
        """What a result calls it."""
        return "windows" if self.window else "whole"


@dataclass(frozen=True, eq=False)
class Predicted:
    """Probabilities on the box, and those of the mirrored head if it was looked at."""

    share: Volume
    straight: Volume | None = None
    mirrored: Volume | None = None


def mode_of(
    window: Size | None, environment: Mapping[str, str], memory_bytes: int | None = None
) -> Mode:
    """Return the mode for a graph: its own window, the one asked for, or none if memory allows.

    Raises ValueError for an edge that the network's levels don't divide.
    """
    flips = environment.get(FLIPS_ENV, "") not in {"", "0"}
    edge = int(environment.get(WINDOW_ENV) or 0)
    if edge % 16 or edge < 0:
        raise ValueError(f"{WINDOW_ENV}={edge}: use a multiple of 16")
    asked = (edge, edge, edge) if edge else None
    if window or asked:
        return Mode(window or asked, flips)
    whole = BASE_BYTES + BYTES_PER_VOXEL * BOX[0] * BOX[1] * BOX[2]
    tight = memory_bytes is not None and memory_bytes < whole
    return Mode(FALLBACK if tight else None, flips)


def predict(engine: Looks, box: Volume, mode: Mode, occupied: Mask) -> Predicted:
    """Look at a head. Raises NotFinite."""
    if not mode.flips:
        return Predicted(_look(engine, box, mode, occupied))
    straight = _look(engine, box, mode, occupied).copy()
    turned = _look(engine, np.flip(box, LEFT_RIGHT), mode, np.flip(occupied, LEFT_RIGHT))
    mirrored = np.flip(turned, LEFT_RIGHT)
    return Predicted((straight + mirrored) / np.float32(2), straight, mirrored)


def _look(engine: Looks, box: Volume, mode: Mode, occupied: Mask) -> Volume:
    if mode.window is None:
        return engine.probabilities(box)
    return blend(engine.probabilities, box, mode.window, occupied=occupied)
