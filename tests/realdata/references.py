"""The same series by dcm2niix and by SimpleITK."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import numpy.typing as npt
import SimpleITK
from nibabel.orientations import aff2axcodes

Affine = npt.NDArray[np.float64]
Array = npt.NDArray[Any]


def by_dcm2niix(source: Path, folder: Path) -> Path:
    """Convert a folder with one series; return the one NIfTI file."""
    folder.mkdir(parents=True)
    options = ["-b", "n", "-z", "n", "-m", "y", "-f", "out"]
    command = ["dcm2niix", *options, "-o", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    (made,) = folder.glob("*.nii")
    return made


def by_simpleitk(files: Sequence[Path]) -> tuple[Array, Affine]:
    """Read files in the order given; return the array (column, row, slice) and its affine in RAS."""
    image = SimpleITK.ReadImage([str(path) for path in files])
    if image.GetDimension() == 4:  # one enhanced object
        image = image[..., 0]
    turned = np.asarray(image.GetDirection()).reshape(3, 3) * np.asarray(image.GetSpacing())
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turned, image.GetOrigin()
    return SimpleITK.GetArrayFromImage(image).T, np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine


def canonical(array: Array, affine: Affine) -> tuple[Array, Affine]:
    """Return voxels and affine with axes flipped and permuted towards RAS, nothing resampled."""
    image = nibabel.as_closest_canonical(nibabel.Nifti1Image(array.astype(np.float32), affine))
    assert aff2axcodes(image.affine) == ("R", "A", "S")
    return np.asarray(image.dataobj), np.asarray(image.affine)


def canonical_file(path: Path) -> tuple[Array, Affine]:
    """Read a NIfTI file likewise."""
    image = nibabel.load(path)
    return canonical(np.asarray(image.dataobj), np.asarray(image.affine))


def largest_gap_mm(one: Affine, other: Affine, shape: Sequence[int]) -> float:
    """Return how far apart both affines put the same corner of a grid, at most."""
    ends = [(0, size - 1) for size in shape[:3]]
    corners = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 3)
    apart = (one - other) @ np.c_[corners, np.ones(len(corners))].T
    return float(np.linalg.norm(apart[:3], axis=0).max())
