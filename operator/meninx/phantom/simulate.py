"""One phantom as arrays: the seed decides the person, the lesions and the noise, all apart."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from meninx.base.errors import BadInput
from meninx.imaging.geometry import Grid
from meninx.phantom.fields import Volume, ramp
from meninx.phantom.head import Head, make_head
from meninx.phantom.lesion import Lesion, LesionRange, draw_diameter, grow, paint, push_aside
from meninx.phantom.motion import Motion, draw_trajectory, moved
from meninx.phantom.scanner import (
    Acquisition,
    acquire,
    acquisition_grid,
    draw_pose,
    scan_lesions,
    scan_signal,
)
from meninx.phantom.template import Template

TRIES = 60


@dataclass(frozen=True)
class LesionFacts:
    """What was asked for of one lesion, before the person's own head size is applied."""

    site: str
    asked_mm: float


@dataclass(frozen=True, eq=False)
class Phantom:
    """A scanned head and its truth on one grid, indexed (column, row, slice)."""

    seed: int
    acquisition: Acquisition
    grid: Grid
    image: Volume
    truth: npt.NDArray[np.bool_]
    lesions: tuple[LesionFacts, ...]
    motion: Motion | None = None


def simulate(
    template: Template,
    seed: int,
    *,
    lesions: int = 1,
    asked: LesionRange | None = None,
    acquisition: Acquisition | None = None,
    motion: Motion | None = None,
) -> Phantom:
    """Make one head with a number of meningiomas. Raises BadInput when they find no room.

    Motion changes what is scanned, and neither the person nor the noise.
    """
    acquisition = acquisition or Acquisition()
    person, growth, coil = (np.random.default_rng([seed, stream]) for stream in (1, 2, 3))
    pose = draw_pose(person)
    head = make_head(template, person)
    grown = _grow_all(head, growth, lesions, asked or LesionRange())
    share = np.zeros(head.signal.shape, dtype=np.float32)
    for lesion in grown:
        push_aside(head, lesion, growth)
        paint(head, lesion, growth)
        np.maximum(share[lesion.box], ramp(lesion.signed_mm), out=share[lesion.box])
    grid = acquisition_grid(acquisition)
    trajectory = None
    if motion is not None:
        trajectory = draw_trajectory(motion, grid.shape, np.random.default_rng([seed, 4]))
    grids = [grid] if trajectory is None else [moved(grid, place) for place in trajectory.poses]
    image = acquire([scan_signal(head, pose, g) for g in grids], acquisition, coil, trajectory)
    truth = np.zeros(grid.shape, dtype=bool)
    if grown:
        truth = scan_lesions(share, template.affine_ras, pose, grid)
    facts = tuple(LesionFacts(item.shape.site, item.longest_mm) for item in grown)
    return Phantom(seed, acquisition, grid, image, truth, facts, motion)


def _grow_all(head: Head, rng: np.random.Generator, count: int, asked: LesionRange) -> list[Lesion]:
    taken = np.zeros(head.signal.shape, dtype=bool)
    grown: list[Lesion] = []
    for _ in range(TRIES * max(count, 1)):
        if len(grown) == count:
            return grown
        lesion = grow(head.template, rng, draw_diameter(rng, asked), taken=taken)
        if lesion is not None:
            taken[lesion.box] |= lesion.signed_mm > 0
            grown.append(lesion)
    if len(grown) == count:
        return grown
    raise BadInput(
        f"no room for {count} lesions of {asked.low_mm:g}..{asked.high_mm:g} mm: ask for fewer"
    )


def draw_lesion_count(rng: np.random.Generator) -> int:
    """Draw how many lesions a person has: three in ten none, most one."""
    return int(rng.choice([0, 1, 2, 3], p=[0.30, 0.50, 0.14, 0.06]))
