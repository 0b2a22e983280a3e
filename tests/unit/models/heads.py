"""A made-up head for tests of the model package: an ellipsoid with a bright ball in it."""

from typing import Any

import numpy as np
import numpy.typing as npt

RAS = np.diag([2.0, 2.0, 2.0, 1.0])
SHAPE = (96, 112, 96)
Volume = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def head() -> tuple[Volume, Mask]:
    """Return signal and lesion of a head of 2 mm voxels on a RAS grid."""
    i, j, k = np.meshgrid(*(np.arange(n) for n in SHAPE), indexing="ij", sparse=True)
    inside = ((i - 48) / 38) ** 2 + ((j - 56) / 48) ** 2 + ((k - 46) / 44) ** 2 < 1
    lesion = (i - 65) ** 2 + (j - 50) ** 2 + (k - 60) ** 2 < 49
    rng = np.random.default_rng(1)
    signal = np.where(lesion, 900, np.where(inside, 400, 0)) + rng.normal(0, 8, SHAPE)
    return np.abs(signal).astype(np.float32), lesion


def turned(
    volume: npt.NDArray[Any], axes: tuple[int, int, int], flips: tuple[int, ...]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
    """Return the same head stored with other axes: array and affine to RAS."""
    affine = RAS[:, [*axes, 3]].copy()
    out = np.transpose(volume, axes)
    for axis in flips:
        affine[:3, 3] += affine[:3, axis] * (out.shape[axis] - 1)
        affine[:3, axis] *= -1
        out = np.flip(out, axis)
    return np.ascontiguousarray(out), affine
