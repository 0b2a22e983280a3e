"""A patient who moves: each phase-encoding step comes from the head as it lay at that moment."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

from meninx.base.errors import BadInput
from meninx.imaging.geometry import Grid
from meninx.phantom.fields import Volume

JUMPS, BREATHING = "jumps", "breathing"
KINDS = (JUMPS, BREATHING)
MOST_SEVERE_MM = 20.0
NECK_RAS_MM = (0.0, -20.0, -70.0)
"""What a head turns about, in the scanner."""
LPS_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
LEVELS = 2
"""A breath is followed in so many steps to either side of its middle."""
Affine = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Motion:
    """How far a head moves while the lines of k-space are filled: mm, and as many degrees."""

    kind: str
    severity_mm: float
    phase_axis: int = 0
    """The axis of the grid (column, row, slice) along which one line after the other is encoded."""


@dataclass(frozen=True, eq=False)
class Trajectory:
    """The poses that a head takes, and which of them each phase-encoding step sees."""

    poses: npt.NDArray[np.float64]
    """(n, 6): shift in mm and rotation in degrees, both RAS; 0 where the middle of k-space is filled."""
    of_line: npt.NDArray[np.int64]
    """Index of the pose, by time: from one end of k-space to the other."""
    phase_axis: int


def motion_of(kind: str, severity_mm: float, phase_axis: int = 0) -> Motion | None:
    """Return the motion that was asked for, none for a severity of 0. Raises BadInput."""
    if kind not in KINDS or phase_axis not in {0, 1, 2}:
        raise BadInput(
            f"motion {kind!r} along axis {phase_axis}: give {' or '.join(KINDS)}, 0 to 2"
        )
    if not 0 <= severity_mm <= MOST_SEVERE_MM:
        raise BadInput(f"motion of {severity_mm:g} mm: give 0 to {MOST_SEVERE_MM:g}")
    return Motion(kind, severity_mm, phase_axis) if severity_mm > 0 else None


def draw_trajectory(motion: Motion, shape: tuple[int, ...], rng: np.random.Generator) -> Trajectory:
    """Draw when and where to a head moves while the lines of a grid's phase axis are filled."""
    lines = shape[motion.phase_axis]
    draw = _breathing if motion.kind == BREATHING else _jumps
    poses, of_line = draw(lines, rng)
    return Trajectory(poses * motion.severity_mm, of_line, motion.phase_axis)


Drawn = tuple[Affine, npt.NDArray[np.int64]]


def _jumps(lines: int, rng: np.random.Generator) -> Drawn:
    """Lie still, start, lie still elsewhere."""
    count = int(rng.integers(2, 5))
    at = np.sort(rng.uniform(0.15, 0.85, count)) * lines
    of_line = np.searchsorted(at, np.arange(lines), side="right")
    poses = np.stack([_step(rng) for _ in range(count + 1)])
    # the head is where the contrast was made: the truth must lie over it
    return poses - poses[of_line[lines // 2]], of_line


def _step(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    shift, turn = rng.standard_normal((2, 3))
    one = np.concatenate([shift / np.linalg.norm(shift), turn / np.linalg.norm(turn)])
    return np.asarray(one * rng.uniform(0.5, 1.0))


def _breathing(lines: int, rng: np.random.Generator) -> Drawn:
    """Nod and slide along the body with a period of a few lines, a little irregular."""
    period, start = rng.uniform(1.7, 8.0), rng.uniform(0, 2 * np.pi)
    drift = np.cumsum(rng.normal(0, 0.08, lines))
    breath = np.sin(2 * np.pi * np.arange(lines) / period + start + drift)
    level = np.rint(LEVELS * breath).astype(np.int64)
    level -= level[lines // 2]
    taken, of_line = np.unique(level, return_inverse=True)
    towards = np.array([0.0, 0.3, 1.0, 1.0, 0.0, 0.2])
    return taken[:, None] / LEVELS * towards, of_line.astype(np.int64)


def moved(grid: Grid, pose: npt.NDArray[np.float64]) -> Grid:
    """Return the grid as it lies to a head that took a pose: the head moves, the scanner doesn't."""
    x, y, z = np.radians(pose[3:])
    # turns are small: one after the other, the order is of no account
    turn = _about(2, z) @ _about(1, y) @ _about(0, x)
    neck = np.array(NECK_RAS_MM)
    rigid = np.eye(4)
    rigid[:3, :3], rigid[:3, 3] = turn, neck + pose[:3] - turn @ neck
    return Grid(grid.shape, LPS_RAS @ np.linalg.inv(rigid) @ grid.affine_ras)


def _about(axis: int, angle: float) -> Affine:
    one, two = (axis + 1) % 3, (axis + 2) % 3
    turn = np.eye(3)
    turn[one, one] = turn[two, two] = np.cos(angle)
    turn[two, one], turn[one, two] = np.sin(angle), -np.sin(angle)
    return turn


def encoded(copies: Iterable[Volume], trajectory: Trajectory) -> npt.NDArray[np.complex64]:
    """Return the image of k-space lines taken from differently posed copies, one a pose.

    In a 3D sequence the inner phase encoding is done within a moment: along it, and along the
    readout, the head doesn't move, so one dimension is all that need be transformed.
    """
    axis, of_line = trajectory.phase_axis, np.fft.ifftshift(trajectory.of_line)
    filled: npt.NDArray[np.complex64] | None = None
    for number, copy in enumerate(copies):
        lines = np.moveaxis(fft.fft(copy, axis=axis), axis, 0)
        if filled is None:
            filled = np.zeros_like(lines, dtype=np.complex64)
        filled[of_line == number] = lines[of_line == number]
    if filled is None:
        raise BadInput("a head that moves takes at least one pose")
    return np.asarray(fft.ifft(np.moveaxis(filled, 0, axis), axis=axis), dtype=np.complex64)
