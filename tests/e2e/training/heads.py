"""Writes a data set of tiny heads: `images/` and `labels/`, one NIfTI file a subject."""

import sys
from pathlib import Path

import nibabel
import numpy as np

SIDE = 20


def head(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return intensities (float32) and labels of a head with one bright ball in it."""
    random = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.arange(SIDE)] * 3, indexing="ij"), axis=-1)
    centre, radius = random.uniform(6, SIDE - 6, 3), random.uniform(3, 5)
    lesion = np.linalg.norm(grid - centre, axis=-1) < radius
    image = random.normal(300, 60, lesion.shape) + 250 * lesion
    return image.astype(np.float32), lesion.astype(np.uint8)


def write(folder: Path, count: int) -> None:
    """Write so many subjects."""
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        for name, values in zip(("images", "labels"), head(number), strict=True):
            saved = nibabel.Nifti1Image(values, np.eye(4))
            nibabel.save(saved, folder / name / f"head-{number:02d}.nii")


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
