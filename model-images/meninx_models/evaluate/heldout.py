"""Cases of a data set, each scored on its own grid."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from meninx_models.data.layouts import Case, read_pair
from meninx_models.evaluate.lesions import HeadScore, score_head
from meninx_models.evaluate.predict import Predictor

QUALITY = {
    "dice": "dice",
    "averageHausdorffMm": "average_hausdorff_mm",
    "hd95Mm": "hd95_mm",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
}
"""Names of an AIModel's status.quality to those of the metrics."""


def score_cases(
    found_on: Predictor, cases: Sequence[Case], lesion: Sequence[int]
) -> Iterator[HeadScore]:
    """Yield the score of each case."""
    for case in cases:
        pair = read_pair(case)
        x, y, z = (float(edge) for edge in np.linalg.norm(pair.image_affine[:3, :3], axis=0))
        found = found_on(pair.image, pair.image_affine)
        yield score_head(case.name, found, np.isin(pair.label, lesion), (x, y, z))


def quality_of(report: Mapping[str, Any], dataset_sha256: str) -> dict[str, Any]:
    """Return the few figures that are kept with a version of a model."""
    summary = report["summary"]
    figures = {name: _rounded(summary[metric]["mean"]) for name, metric in QUALITY.items()}
    return {**figures, "heads": len(report["heads"]), "dataset": dataset_sha256}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
