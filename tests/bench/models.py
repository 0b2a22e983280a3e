"""How good the shipped models are, beside the goals: rows of the evaluations that lie beside the weights.

Held against the goals are the heads of another template, with acquisitions that no head of training has.

`make evaluate-models` measures them on unseen phantoms first; this only counts.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from statistics import mean
from typing import Any

from tests.bench.rows import ROOT, Row, write

FALSE_LESION_ML = 0.5
MODELS = {"unet": "unet-meningioma", "unetr": "unetr-meningioma"}
DICE_GOALS = {"unet": (0.85, 0.75), "unetr": (0.80, 0.70)}
"""Over 10 mL, and 1 to 10 mL."""


def rows(name: str, evaluation: dict[str, Any]) -> list[Row]:
    """Return the rows of one model's evaluation."""
    sizes = {row["name"]: row for row in evaluation["rows"]}
    lesions = [lesion for head in evaluation["heads"] for lesion in head["lesions"]]
    healthy = [head for head in evaluation["heads"] if not head["lesions"]]
    large, middle = DICE_GOALS[name]
    apart = sizes["all"]["average_hausdorff_mm"]
    found = [
        _more(name, "dice_over_10ml", sizes["over 10 mL"]["dice_mean"], large),
        _more(name, "dice_1_to_10ml", sizes["1 to 10 mL"]["dice_mean"], middle),
        _less(name, "average_hausdorff_mm", apart, 2.0, "mm"),
        _more(name, "recall_1_to_3ml", recall(lesions, 1, 3), 0.8),
        _more(name, "recall_over_3ml", recall(lesions, 3, 1e9), 0.95),
        _less(name, "healthy_with_false_lesion", false_share(healthy), 0.1, "share"),
    ]
    return [row for row in found if row is not None]


def recall(lesions: Iterable[dict[str, Any]], least_ml: float, most_ml: float) -> float | None:
    """Return the share of lesions of a size that were found."""
    found = [one["found"] for one in lesions if least_ml <= one["volume_ml"] < most_ml]
    return mean(map(float, found)) if found else None


def false_share(healthy: list[dict[str, Any]]) -> float | None:
    """Return the share of healthy heads in which a lesion over 0.5 mL was found."""
    with_false = [max(head["false_lesions_ml"], default=0) > FALSE_LESION_ML for head in healthy]
    return mean(map(float, with_false)) if with_false else None


def _more(model: str, figure: str, value: float | None, goal: float) -> Row | None:
    if value is None:
        return None
    ratio = round(value / goal, 3)
    return Row(f"models.{model}.{figure}", round(value, 3), "", "goal", goal, ratio, f">= {goal}")


def _less(model: str, figure: str, value: float | None, goal: float, unit: str) -> Row | None:
    if value is None:
        return None
    ratio = round(goal / value, 3) if value else None
    return Row(f"models.{model}.{figure}", round(value, 3), unit, "goal", goal, ratio, f"<= {goal}")


def main(folder: Path = ROOT / "model-images") -> None:
    """Write build/bench/models.json of the models that have been evaluated."""
    found = []
    for name, model in MODELS.items():
        path = folder / model / "evaluation.json"
        if path.is_file():
            found += rows(name, json.loads(path.read_text())["unseen"])
    write("models", found)


if __name__ == "__main__":
    main()
