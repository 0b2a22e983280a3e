"""The test set's scores by size of the largest lesion."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median

from meninx_models.evaluate.lesions import HeadScore

SIZES_ML = (("under 1 mL", 0.0, 1.0), ("1 to 10 mL", 1.0, 10.0), ("over 10 mL", 10.0, 1e9))


@dataclass(frozen=True)
class Row:
    """One size class of the largest lesion."""

    name: str
    heads: int
    lesions: int
    dice_mean: float | None
    dice_median: float | None
    average_hausdorff_mm: float | None
    hd95_mm: float | None
    recall: float | None
    false_lesions_per_head: float | None


@dataclass(frozen=True)
class Healthy:
    """The heads without a lesion."""

    heads: int
    clean_heads: int
    """Heads in which nothing at all was found."""
    false_lesions_per_head: float | None
    largest_false_ml: float


def summarise(scores: Sequence[HeadScore]) -> list[Row]:
    """Return one row a size class, and one for all heads with a lesion."""
    ill = [score for score in scores if not score.healthy]
    rows = [
        _row(name, [score for score in ill if low <= score.largest_ml < high])
        for name, low, high in SIZES_ML
    ]
    return [*rows, _row("all", ill)]


def _row(name: str, scores: Sequence[HeadScore]) -> Row:
    lesions = [lesion for score in scores for lesion in score.lesions]
    dices = [score.dice for score in scores]
    measured = [lesion.distances for lesion in lesions if lesion.distances]
    return Row(
        name,
        len(scores),
        len(lesions),
        _mean(dices),
        median(dices) if dices else None,
        _mean([item.average_hausdorff_mm for item in measured]),
        _mean([item.hd95_mm for item in measured]),
        _mean([float(lesion.found) for lesion in lesions]),
        _mean([float(score.false_lesions) for score in scores]),
    )


def _mean(values: Sequence[float]) -> float | None:
    return mean(values) if values else None


def summarise_healthy(scores: Sequence[HeadScore]) -> Healthy:
    """Return what was found in the heads that have nothing."""
    well = [score for score in scores if score.healthy]
    volumes = [volume for score in well for volume in score.false_lesions_ml]
    return Healthy(
        len(well),
        sum(not score.false_lesions_ml for score in well),
        _mean([float(score.false_lesions) for score in well]),
        max(volumes, default=0.0),
    )
