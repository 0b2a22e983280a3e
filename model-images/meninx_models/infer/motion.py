"""A patient who moved: ghosts of the head in the air, along the axis of phase encoding alone.

Lines of k-space that saw the head elsewhere repeat it along that axis, over the whole field. So the air
in line with the head holds more than the air beside it, along one axis of the scanner's own grid;
noise, shading, thick slices and another plane do not make that.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from meninx_models.contract import NotForModel
from meninx_models.preprocess import Affine, Volume

ANY_MOTION_ENV = "MENINX_ANY_MOTION"
"""1: don't look for motion."""
LIKELY, USELESS = 0.06, 0.2
"""Ghosts over the head's signal: where a result is flagged, and where the model is of no use."""
FINE_MM, AWAY_MM, LEAST_AIR_MM = 2.0, 10.0, 8.0
HEAD = 0.35
"""Between air and what is bright: over the strongest ghosts, which are air."""
LEAST_LINES, MOST_CUT_OUT = 200, 0.5
NOT_COUNTED = 0.25
"""The brightest of the lines: vessels that pulse and eyes that turn make ghosts of their own."""
COHERENCE = 3.0
"""Ghosts are alike from one line to the next: at the most so much of their amplitude is not."""
NO_AIR = "the air around the head can't be seen"
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Ghosts:
    """How strong ghosts are, over the head's signal (both amplitudes), and along which axis."""

    ratio: float | None
    """None: not known."""
    axis: int | None
    """Of the input's grid: column, row, slice."""
    why: str = ""


@dataclass(frozen=True, eq=False)
class _Seen:
    values: Volume
    mm: Affine
    head: Mask
    near: Mask
    air: Mask
    signal: float


def ghosts(image: Volume, affine_ras: Affine) -> Ghosts:
    """Measure ghosts on the grid of the acquisition. Never raises: what can't be seen is not known."""
    seen = _seen(image, affine_ras)
    if seen is None:
        return Ghosts(None, None, NO_AIR)
    found = [(ratio, axis) for axis in range(3) if (ratio := _along(seen, axis)) is not None]
    if not found:
        return Ghosts(None, None, NO_AIR)
    ratio, axis = max(found)
    return Ghosts(round(ratio, 3), axis)


def check_motion(found: Ghosts) -> str:
    """Return why a result is less sure, or nothing. Raises NotForModel."""
    if found.ratio is None or found.ratio < LIKELY:
        return ""
    seen = f"ghosts of the head in the air ({found.ratio:.0%} of its signal) along one axis"
    if found.ratio < USELESS:
        return f"{seen}: the patient may have moved"
    raise NotForModel(
        f"{seen}: the patient moved, and what the model outlines in such an "
        f"image can't be relied on; repeat the sequence ({ANY_MOTION_ENV}=1 to have it looked at all the same)"
    )


def _seen(image: Volume, affine_ras: Affine) -> _Seen | None:
    spacing = np.linalg.norm(affine_ras[:3, :3], axis=0)
    step = np.maximum(np.rint(FINE_MM / spacing), 1).astype(int)
    values = image[:: step[0], :: step[1], :: step[2]].astype(np.float32)
    values -= values.min()
    low, bright = np.percentile(values[::2, ::2, ::2], (1, 95))
    pieces, count = ndimage.label(ndimage.binary_opening(values > low + HEAD * (bright - low)))
    if count == 0:
        return None
    head = pieces == int(np.argmax(np.bincount(pieces.ravel())[1:])) + 1
    mm = spacing * step
    near = head.view(np.uint8)
    for axis, size in enumerate(mm):
        near = ndimage.maximum_filter1d(near, 2 * int(np.ceil(AWAY_MM / size)) + 1, axis=axis)
    around = near == 0
    # what is cut out (a mask, a face, a scanner that sets noise to nothing) tells nothing
    air = around & (values > 0)
    if air.sum() <= (1 - MOST_CUT_OUT) * around.sum():
        return None
    return _Seen(values, mm, head, ~around, air, float(np.median(values[head])))


def _along(seen: _Seen, axis: int) -> float | None:
    """Return the ratio for ghosts along an axis; negative where there is less than beside the head."""
    values = np.where(seen.air, seen.values, 0)
    count = seen.air.sum(axis)
    power = _mean((values**2).sum(axis), count)
    across = max((a for a in range(3) if a != axis), key=lambda a: values.shape[a])
    one, next_one = _pairs(across)
    both = (seen.air[one] & seen.air[next_one]).sum(axis)
    likeness = _mean((values[one] * values[next_one]).sum(axis), both)
    here = tuple(span for a, span in enumerate(one) if a != axis)
    power = power[here]
    enough = np.minimum(count[here], both) * seen.mm[axis] >= LEAST_AIR_MM
    behind = enough & np.asarray(seen.head.any(axis))[here]
    beside = enough & ~np.asarray(seen.near.any(axis))[here]
    if min(behind.sum(), beside.sum()) < LEAST_LINES:
        return None
    # noise is as alike from voxel to voxel wherever it is, however strong it is there
    alike = float(likeness[beside].mean() / power[beside].mean())
    more = float(np.median(power[behind]) - np.median(power[beside]))
    counted = behind & (power <= np.quantile(power[behind], 1 - NOT_COUNTED))
    coherent = float(likeness[counted].mean() - alike * power[counted].mean())
    return min(_amplitude(more), COHERENCE * _amplitude(coherent)) / seen.signal


def _mean(total: Volume, count: npt.NDArray[np.int64]) -> Volume:
    return np.asarray(total / np.maximum(count, 1), dtype=np.float32)


def _pairs(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    here, there = [slice(None)] * 3, [slice(None)] * 3
    here[axis], there[axis] = slice(None, -1), slice(1, None)
    return tuple(here), tuple(there)


def _amplitude(power: float) -> float:
    return float(np.sign(power) * np.sqrt(abs(power)))
