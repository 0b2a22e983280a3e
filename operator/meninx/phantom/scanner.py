"""The scanner: how a head lies in it, and what its grid, coil and noise make of the signal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from meninx.imaging.geometry import Grid
from meninx.phantom.fields import Volume, noise, stretch
from meninx.phantom.head import Head, smoothed
from meninx.phantom.motion import Trajectory, encoded

Affine = npt.NDArray[np.float64]
FIELD_OF_VIEW_MM = (192.0, 240.0, 192.0)
"""Extent of what is scanned, left-right, front-back, head-foot."""
COARSE_MM = 5.0
PLANES_LPS = {
    "axial": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "sagittal": ((0, 1, 0), (0, 0, -1), (-1, 0, 0)),
    "coronal": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
}
"""Direction in LPS in which column index, row index and slice index grow."""


@dataclass(frozen=True)
class Acquisition:
    """What the operator of the scanner chose."""

    plane: str = "axial"
    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    tilt_degrees: tuple[float, float, float] = (0.0, 0.0, 0.0)
    noise: float = 0.02
    blur_mm: float = 0.3
    bias: float = 0.12


@dataclass(frozen=True, eq=False)
class Pose:
    """Where a point of the scanner (RAS mm) comes from in the template (RAS mm)."""

    affine_ras: Affine
    bends: tuple[Volume, Volume]
    """Displacements in mm (3, ...) on lattices that span the scanned field."""


def draw_pose(rng: np.random.Generator) -> Pose:
    """Draw size, shape and position of one person's head in the scanner."""
    angles = np.radians(rng.normal(0, (5, 3, 4)))
    scale = np.diag(rng.normal(1.0, 0.045, 3)) @ np.diag([rng.choice([-1.0, 1.0]), 1.0, 1.0])
    affine = np.eye(4)
    affine[:3, :3] = scale @ _rotation(angles)
    affine[:3, 3] = rng.normal(0, 5, 3) + np.array([0.0, -18.0, 15.0])
    slow = rng.normal(0, 2.2, (3, 7, 8, 7)).astype(np.float32)
    quick = rng.normal(0, 0.8, (3, 13, 15, 13)).astype(np.float32)
    return Pose(affine, (slow, quick))


def _rotation(angles: npt.NDArray[np.float64]) -> Affine:
    (ca, cb, cc), (sa, sb, sc) = np.cos(angles), np.sin(angles)
    about_x = np.array([[1, 0, 0], [0, ca, -sa], [0, sa, ca]])
    about_y = np.array([[cb, 0, sb], [0, 1, 0], [-sb, 0, cb]])
    about_z = np.array([[cc, -sc, 0], [sc, cc, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x, dtype=np.float64)


def acquisition_grid(acquisition: Acquisition) -> Grid:
    """Return the grid of a plane, spacing and tilt that covers the field of view."""
    axes = np.array(PLANES_LPS[acquisition.plane], dtype=np.float64).T
    extent = np.abs(axes).T @ np.array(FIELD_OF_VIEW_MM)
    spacing = np.array(acquisition.spacing_mm)
    shape = np.maximum(np.ceil(extent / spacing).astype(int), 2)
    affine = np.eye(4)
    affine[:3, :3] = _rotation(np.radians(acquisition.tilt_degrees)) @ axes * spacing
    affine[:3, 3] = -affine[:3, :3] @ ((shape - 1) / 2)
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), np.round(affine, 6))


def scan_signal(head: Head, pose: Pose, grid: Grid) -> Volume:
    """Return the head's signal on a grid, averaged over each voxel's extent."""
    return _sampled(head.signal, head.template.affine_ras, pose, grid)


def scan_lesions(
    share: Volume, affine_ras: Affine, pose: Pose, grid: Grid
) -> npt.NDArray[np.bool_]:
    """Return which voxels of a grid are at least half lesion."""
    return _sampled(share, affine_ras, pose, grid) > 0.5


def _sampled(volume: Volume, affine_ras: Affine, pose: Pose, grid: Grid) -> Volume:
    finer = tuple(max(1, round(spacing - 0.2)) for spacing in grid.spacing_mm)
    shape = tuple(n * k for n, k in zip(grid.shape, finer, strict=True))
    fine = grid.affine_ras @ np.diag([*(1 / k for k in finer), 1.0])
    fine[:3, 3] += grid.affine_ras[:3, :3] @ [(1 / k - 1) / 2 for k in finer]
    to_voxel = np.asarray(np.linalg.inv(affine_ras), dtype=np.float64)
    places = _places(to_voxel, pose, fine, shape)
    values = ndimage.map_coordinates(volume, places, order=1, mode="constant", output=np.float32)
    blocks = values.reshape([size for pair in zip(grid.shape, finer, strict=True) for size in pair])
    return np.asarray(blocks.mean(axis=(1, 3, 5)), dtype=np.float32)


def _places(
    to_voxel: Affine, pose: Pose, affine_ras: Affine, shape: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    """Return the template's voxel indices (3, *shape) of all voxels of a grid."""
    spacing = np.linalg.norm(affine_ras[:3, :3], axis=0)
    counts = [max(2, int(n * s / COARSE_MM)) for n, s in zip(shape, spacing, strict=True)]
    axes = [np.linspace(0, n - 1, c) for n, c in zip(shape, counts, strict=True)]
    index = np.stack(np.meshgrid(*axes, indexing="ij")).reshape(3, -1)
    world = affine_ras[:3, :3] @ index + affine_ras[:3, 3:]
    source = pose.affine_ras[:3, :3] @ world + pose.affine_ras[:3, 3:]
    extent = np.array(FIELD_OF_VIEW_MM).reshape(3, 1)
    for bend in pose.bends:
        cells = (world / extent + 0.5) * (np.array(bend.shape[1:]).reshape(3, 1) - 1)
        source += [ndimage.map_coordinates(part, cells, order=3, mode="nearest") for part in bend]
    voxels = (to_voxel[:3, :3] @ source + to_voxel[:3, 3:]).reshape(3, *counts)
    return np.stack([stretch(axis.astype(np.float32), shape) for axis in voxels])


def acquire(
    copies: Sequence[Volume],
    acquisition: Acquisition,
    rng: np.random.Generator,
    trajectory: Trajectory | None = None,
) -> Volume:
    """Return what the coil receives: blurred, shaded, with Rician noise; white matter near 1.

    `copies` is the head's signal; of a head that moves, once a pose. The coil stays where it is.
    """
    shape = copies[0].shape
    shade = np.exp(np.float32(acquisition.bias) * noise(rng, shape, max(shape) * 0.7))
    blur = acquisition.blur_mm
    seen = ((smoothed(one, blur) if blur > 0.05 else one) * shade for one in copies)
    if trajectory is None:
        image, other = next(seen), np.zeros(shape, dtype=np.float32)
    else:
        mixed = encoded(seen, trajectory)
        image, other = mixed.real.copy(), mixed.imag.copy()
    sigma = np.float32(acquisition.noise)
    image += sigma * rng.standard_normal(shape, dtype=np.float32)
    other += sigma * rng.standard_normal(shape, dtype=np.float32)
    received: Volume = np.hypot(image, other)
    return received


def draw_acquisition(rng: np.random.Generator) -> Acquisition:
    """Draw a plausible protocol: mostly 1 mm 3D, some thicker or oblique."""
    plane = str(rng.choice(list(PLANES_LPS), p=[0.5, 0.3, 0.2]))
    in_plane = float(rng.choice([0.9, 1.0, 1.0, 1.1]))
    thick = float(rng.choice([0.9, 1.0, 1.0, 1.2, 1.5, 2.0, 3.0]))
    tilt = rng.normal(0, 4, 3) if rng.random() < 0.4 else np.zeros(3)
    return Acquisition(
        plane, (in_plane, in_plane, thick), (float(tilt[0]), float(tilt[1]), float(tilt[2])),
        float(np.exp(rng.uniform(np.log(0.008), np.log(0.05)))), float(rng.uniform(0, 0.7)),
        float(rng.uniform(0.03, 0.2)),
    )  # fmt: skip
