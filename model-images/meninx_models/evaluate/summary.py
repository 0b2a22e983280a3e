"""The test set's scores by size of the largest lesion."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import mean, median, pstdev
from typing import Any

from meninx_models.evaluate.lesions import HeadScore
from meninx_models.evaluate.metrics import Distances

SIZES_ML = (("under 1 mL", 0.0, 1.0), ("1 to 10 mL", 1.0, 10.0), ("over 10 mL", 10.0, 1e9))
LESION_SIZES_ML = (
    ("under 1 mL", 0.0, 1.0), ("1 to 3 mL", 1.0, 3.0), ("3 to 10 mL", 3.0, 10.0),
    ("over 10 mL", 10.0, 1e9),
)  # fmt: skip


@dataclass(frozen=True)
class Recall:
    """How many lesions of one size were found."""

    name: str
    lesions: int
    found: int
    recall: float | None


@dataclass(frozen=True)
class Spread:
    """One metric over the heads in which it can be told."""

    heads: int
    mean: float | None
    median: float | None
    deviation: float | None


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


def _distance(score: HeadScore, part: Callable[[Distances], float]) -> float | None:
    return part(score.distances) if score.distances else None


METRICS: dict[str, Callable[[HeadScore], float | None]] = {
    "dice": lambda score: None if score.healthy else score.dice,
    "average_hausdorff_mm": lambda score: _distance(score, lambda d: d.average_hausdorff_mm),
    "hd95_mm": lambda score: _distance(score, lambda d: d.hd95_mm),
    "sensitivity": lambda score: score.sensitivity,
    "specificity": lambda score: score.specificity,
    "lesion_dice": lambda score: score.lesion_dice,
    "recall": lambda score: score.recall,
    "false_lesions": lambda score: float(score.false_lesions),
}
"""What a head's score says by each metric's name; None where it can't be told."""


def summarise_metric(name: str, scores: Sequence[HeadScore]) -> Spread:
    """Return one metric over the heads."""
    told = [value for value in map(METRICS[name], scores) if value is not None]
    if not told:
        return Spread(0, None, None, None)
    return Spread(len(told), mean(told), median(told), pstdev(told))


def summarise_recall(scores: Sequence[HeadScore]) -> list[Recall]:
    """Return how many lesions were found, by their own size."""
    lesions = [lesion for score in scores for lesion in score.lesions]
    rows = []
    for name, low, high in LESION_SIZES_ML:
        found = [lesion.found for lesion in lesions if low <= lesion.volume_ml < high]
        rows.append(Recall(name, len(found), sum(found), _mean([float(item) for item in found])))
    return rows


def report_of(
    scores: Sequence[HeadScore], metrics: Sequence[str] = tuple(METRICS)
) -> dict[str, Any]:
    """Return everything that is told of a test set, as it goes into a JSON file."""
    return {
        "summary": {name: asdict(summarise_metric(name, scores)) for name in metrics},
        "rows": [asdict(row) for row in summarise(scores)],
        "recall_by_size": [asdict(row) for row in summarise_recall(scores)],
        "healthy": asdict(summarise_healthy(scores)),
        "heads": [_head(score) for score in scores],
    }


def _head(score: HeadScore) -> dict[str, Any]:
    told = {name: metric(score) for name, metric in METRICS.items() if name != "dice"}
    return asdict(score) | told
