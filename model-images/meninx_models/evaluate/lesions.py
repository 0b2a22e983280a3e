"""Lesion by lesion: which were found, how well, and what was found where nothing is."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from meninx_models.evaluate.metrics import (
    Distances,
    Mask,
    dice,
    distances,
    sensitivity,
    specificity,
)

FOUND_SHARE = 0.2
"""A lesion counts as found when this share of it is."""
FALSE_LESION_ML = 0.5
TOUCHING = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True)
class LesionScore:
    """One lesion of the truth."""

    volume_ml: float
    found: bool
    distances: Distances | None
    """Against what was found of it, when it was."""
    dice: float = 0.0
    """Of the lesion and what was found of it; 0 when it was missed."""


@dataclass(frozen=True)
class HeadScore:
    """One head of the test set."""

    seed: int | str
    """Of a phantom, or the name of a case."""
    truth_ml: float
    found_ml: float
    largest_ml: float
    dice: float
    lesions: tuple[LesionScore, ...]
    false_lesions_ml: tuple[float, ...]
    """Volumes of what was found and touches no lesion."""
    distances: Distances | None = None
    """Between the surfaces of all that was found and all that is there."""
    sensitivity: float | None = None
    specificity: float | None = None

    @property
    def lesion_dice(self) -> float | None:
        """Mean Dice over lesions and false lesions, which count 0; None when there is neither."""
        count = len(self.lesions) + self.false_lesions
        return sum(lesion.dice for lesion in self.lesions) / count if count else None

    @property
    def recall(self) -> float | None:
        """Share of the lesions that were found; None for a healthy head."""
        return (
            sum(item.found for item in self.lesions) / len(self.lesions) if self.lesions else None
        )

    @property
    def healthy(self) -> bool:
        """Whether there is nothing to find."""
        return not self.lesions

    @property
    def false_lesions(self) -> int:
        """How many false lesions are larger than half a mL."""
        return sum(volume > FALSE_LESION_ML for volume in self.false_lesions_ml)


def score_head(
    seed: int | str, found: Mask, truth: Mask, spacing_mm: tuple[float, ...]
) -> HeadScore:
    """Compare what was found in one head with its truth."""
    voxel_ml = float(np.prod(spacing_mm)) / 1000
    true_pieces, true_count = ndimage.label(truth, TOUCHING)
    found_pieces, found_count = ndimage.label(found, TOUCHING)
    lesions = tuple(
        _score_lesion(true_pieces == n, found, found_pieces, spacing_mm)
        for n in range(1, true_count + 1)
    )
    touched = set(np.unique(found_pieces[truth])) - {0}
    sizes = np.bincount(found_pieces.ravel(), minlength=found_count + 1) * voxel_ml
    false = tuple(float(sizes[n]) for n in range(1, found_count + 1) if n not in touched)
    return HeadScore(
        seed,
        float(truth.sum()) * voxel_ml,
        float(found.sum()) * voxel_ml,
        max((lesion.volume_ml for lesion in lesions), default=0.0),
        dice(found, truth),
        lesions,
        false,
        distances(found, truth, spacing_mm),
        sensitivity(found, truth),
        specificity(found, truth),
    )


def _score_lesion(
    lesion: Mask, found: Mask, pieces: npt.NDArray[np.int32], spacing_mm: tuple[float, ...]
) -> LesionScore:
    volume = float(lesion.sum()) * float(np.prod(spacing_mm)) / 1000
    hit = float((lesion & found).sum()) >= FOUND_SHARE * float(lesion.sum())
    if not hit:
        return LesionScore(volume, False, None)
    matching = np.isin(pieces, np.unique(pieces[lesion & found]))
    apart = distances(matching, lesion, spacing_mm)
    return LesionScore(volume, True, apart, dice(matching, lesion))
