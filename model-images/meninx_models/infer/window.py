"""Looking at a volume window by window: overlapping, blended by a Gaussian, air left out."""

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from meninx_models.preprocess import Volume

Size = tuple[int, int, int]
Mask = npt.NDArray[np.bool_]
OVERLAP = 0.25
SIGMA_OF_WINDOW = 0.125
LEAST_WEIGHT = 1e-3


def starts(size: int, window: int, overlap: float) -> list[int]:
    """Return where windows begin along one axis: evenly, the last one ends where the volume ends."""
    if size <= window:
        return [0]
    step = max(1, int(window * (1 - overlap)))
    count = -(-(size - window) // step) + 1
    return [round(i * (size - window) / (count - 1)) for i in range(count)]


def windows_of(
    shape: Sequence[int], window: Size, overlap: float = OVERLAP
) -> Iterator[tuple[slice, slice, slice]]:
    """Yield windows that together cover a volume, which is at least as large as one."""
    axes = [starts(n, w, overlap) for n, w in zip(shape, window, strict=True)]
    for low in itertools.product(*axes):
        x, y, z = (slice(a, a + w) for a, w in zip(low, window, strict=True))
        yield x, y, z


def gaussian(window: Size) -> Volume:
    """Return how much each voxel of a window counts: most in its middle, never nothing."""
    axes = []
    for size in window:
        distance = (np.arange(size) - (size - 1) / 2) / (SIGMA_OF_WINDOW * size)
        axes.append(np.exp(-0.5 * distance**2))
    weight = axes[0][:, None, None] * axes[1][None, :, None] * axes[2][None, None, :]
    kept: Volume = np.maximum(weight / weight.max(), LEAST_WEIGHT).astype(np.float32)
    return kept


def blend(
    predict: Callable[[Volume], Volume],
    volume: Volume,
    window: Size,
    *,
    occupied: Mask,
    overlap: float = OVERLAP,
) -> Volume:
    """Return the blended answers; 0 where no window with anything occupied in it lies.

    A volume smaller than the window is padded with 0 and the answer cut again (O-18).
    """
    shape = volume.shape
    missing = [max(0, w - n) for n, w in zip(shape, window, strict=True)]
    if any(missing):
        pads = [(0, m) for m in missing]
        volume, occupied = np.pad(volume, pads), np.pad(occupied, pads)
    weight = gaussian(window)
    total, weights = np.zeros(volume.shape, np.float32), np.zeros(volume.shape, np.float32)
    for place in windows_of(volume.shape, window, overlap):
        if occupied[place].any():
            total[place] += weight * predict(volume[place])
            weights[place] += weight
    np.divide(total, weights, out=total, where=weights > 0)
    return total[tuple(slice(n) for n in shape)]
