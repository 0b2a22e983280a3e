"""A tiny data set of made-up volumes for tests of training: bright blobs on a dim ball."""

from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt

SIZE = 32


def volume(seed: int, *, healthy: bool) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Return signal and label of one volume."""
    rng = np.random.default_rng(seed)
    axis = np.arange(SIZE) - SIZE / 2 + 0.5
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij", sparse=True)
    signal = np.where(x**2 + y**2 + z**2 < 14**2, 100.0, 0.0)
    cx, cy, cz = rng.uniform(-5, 5, 3)
    label = (x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2 < rng.uniform(4, 6) ** 2
    label &= not healthy
    signal = np.where(label, 220.0, signal) + rng.normal(0, 4, signal.shape)
    return signal.astype(np.float32), label.astype(np.uint8)


def write_pairs(
    folder: Path, count: int = 12, affine: npt.NDArray[np.float64] | None = None
) -> Path:
    """Write so many pairs, every sixth of them healthy; return the folder."""
    grid = np.eye(4) if affine is None else affine
    for side in ("images", "labels"):
        (folder / side).mkdir(parents=True)
    for number in range(count):
        signal, label = volume(number, healthy=number % 6 == 5)
        name = f"sub-{number:02}.nii.gz"
        nibabel.save(nibabel.Nifti1Image(signal, grid), folder / "images" / name)
        nibabel.save(nibabel.Nifti1Image(label, grid), folder / "labels" / name)
    return folder
