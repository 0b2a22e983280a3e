"""How sure a result is of itself: what lies near the threshold, and what mirroring changes."""

from dataclasses import dataclass, replace

import numpy as np

from meninx_models.infer.predict import Predicted
from meninx_models.preprocess import Volume

NEAR = 0.2
"""Probabilities this close to the threshold (relative to the room on that side) could fall either way."""
MOST_NEAR_SHARE = 0.35
LEAST_FLIP_DICE = 0.8
LEAST_ML_TO_ASK = 0.1


@dataclass(frozen=True)
class Uncertainty:
    """Figures of one result, and whether a person should look twice."""

    near_threshold_share: float
    """Voxels that could fall either way, as a share of those found; 0 where nothing is found."""
    mean_entropy_bits: float
    """Mean binary entropy of what was found."""
    missed_peak: float
    """The highest probability outside of what was found."""
    flip_dice: float | None
    flagged: bool
    why: str


def uncertainty(predicted: Predicted, kept: Volume, *, threshold: float) -> Uncertainty:
    """Judge a result: `kept` is what was found after post-processing, shifted so that 0.5 bounds it."""
    share, found = predicted.share, kept > 0.5
    count = int(found.sum())
    low, high = threshold * (1 - NEAR), threshold + NEAR * (1 - threshold)
    near = int(((share > low) & (share < high)).sum())
    near_share = near / count if count else 0.0
    dice = _flip_dice(predicted, threshold)
    why = []
    if count and near_share > MOST_NEAR_SHARE:
        why.append(f"{near_share:.0%} of the finding lies near the threshold")
    if dice is not None and dice < LEAST_FLIP_DICE:
        why.append(f"the mirrored head gives another outline (Dice {dice:.2f})")
    peak = float(share[~found].max(initial=0.0))
    return Uncertainty(
        round(near_share, 3), round(_entropy(share[found]), 3), round(peak, 3),
        None if dice is None else round(dice, 3), bool(why), "; ".join(why),
    )  # fmt: skip


def with_doubt(sure: Uncertainty, doubt: str) -> Uncertainty:
    """Return the same, flagged too for what the input itself shows; as it is without a doubt."""
    if not doubt:
        return sure
    return replace(sure, flagged=True, why="; ".join(filter(None, (sure.why, doubt))))


def _entropy(share: Volume) -> float:
    if share.size == 0:
        return 0.0
    p = np.clip(share.astype(np.float64), 1e-6, 1 - 1e-6)
    return float(-(p * np.log2(p) + (1 - p) * np.log2(1 - p)).mean())


def _flip_dice(predicted: Predicted, threshold: float) -> float | None:
    if predicted.straight is None or predicted.mirrored is None:
        return None
    one, two = predicted.straight > threshold, predicted.mirrored > threshold
    total = int(one.sum()) + int(two.sum())
    if total < 2 * LEAST_ML_TO_ASK * 1000:
        return None
    return 2 * int((one & two).sum()) / total
