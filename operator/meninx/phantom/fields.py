"""Smooth random fields and separable interpolation: what the simulator draws everything with."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Volume = npt.NDArray[np.float32]
Box = tuple[slice, slice, slice]


def stretch(field: Volume, shape: tuple[int, ...]) -> Volume:
    """Resize a volume linearly so that its first and last samples stay at the ends."""
    out = field
    for axis, size in enumerate(shape):
        out = np.moveaxis(np.tensordot(_weights(out.shape[axis], size), out, (1, axis)), 0, axis)
    return np.ascontiguousarray(out, dtype=np.float32)


def _weights(count: int, size: int) -> Volume:
    position = np.linspace(0, count - 1, size)
    low = np.minimum(position.astype(int), max(count - 2, 0))
    high = np.minimum(low + 1, count - 1)
    weights = np.zeros((size, count), dtype=np.float32)
    rows = np.arange(size)
    weights[rows, low] += 1 - (position - low)
    weights[rows, high] += position - low
    return weights


def noise(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> Volume:
    """Return noise of unit variance, smooth over about `scale` voxels."""
    coarse = tuple(max(3, round(2 * size / scale) + 2) for size in shape)
    grains = rng.standard_normal(coarse).astype(np.float32)
    smooth = ndimage.gaussian_filter(grains, 0.7)
    return stretch(smooth / max(float(smooth.std()), 1e-6), shape)


def box_around(centre: npt.NDArray[np.float64], radius: float, shape: tuple[int, ...]) -> Box:
    """Return the box of voxels within `radius` of a point along each axis, cut at the volume."""
    low = np.floor(centre - radius).astype(int)
    high = np.ceil(centre + radius).astype(int) + 1
    spans = [slice(max(a, 0), max(min(b, n), 0)) for a, b, n in zip(low, high, shape, strict=True)]
    return spans[0], spans[1], spans[2]


def offsets(box: Box, centre: npt.NDArray[np.float64]) -> Volume:
    """Return the vectors (3, ...) from a point to the voxels of a box."""
    axes = [np.arange(s.start, s.stop) - c for s, c in zip(box, centre, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij")).astype(np.float32)


def ramp(signed_mm: Volume, width_mm: float = 1.0) -> Volume:
    """Turn a signed distance (positive inside) into how full a voxel is, 0 to 1."""
    full: Volume = np.clip(signed_mm / np.float32(width_mm) + np.float32(0.5), 0, 1)
    return full


def blend(image: Volume, share: npt.NDArray[np.floating], value: Volume | float) -> None:
    """Paint a value over an image in place, `share` of each voxel."""
    image += share * (np.asarray(value, dtype=np.float32) - image)
