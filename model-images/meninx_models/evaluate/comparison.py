"""Models side by side on one test set, as in the report's tables 4.2 and 4.3."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median, pstdev
from typing import Any

import numpy as np

TITLES = {
    "dice": "Dice",
    "average_hausdorff_mm": "average Hausdorff, mm",
    "hd95_mm": "HD95, mm",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "lesion_dice": "lesion-wise Dice",
    "recall": "recall of lesions",
    "false_lesions": "false lesions a head",
}
BOXES = ("dice", "average_hausdorff_mm")
DRAWS, SEED = 2000, 1


@dataclass(frozen=True)
class Evaluated:
    """One model's figures on a test set: each metric by head, where it can be told."""

    name: str
    dataset: str | None
    values: dict[str, dict[str, float]]
    recall_by_size: tuple[dict[str, Any], ...]

    def told(self, metric: str) -> list[float]:
        """Return a metric's values, head by head."""
        return list(self.values[metric].values())


def read_evaluation(path: Path) -> Evaluated:
    """Read evaluation.json or metrics.json, also one that was written before there were names."""
    content = json.loads(path.read_text())
    heads = {str(head["seed"]): head for head in content["heads"]}
    ill = {key for key, head in heads.items() if head["lesions"]}
    values: dict[str, dict[str, float]] = {}
    for metric in TITLES:
        found = {key: _metric(head, metric) for key, head in heads.items()}
        skipped = set() if metric != "dice" else heads.keys() - ill
        values[metric] = {
            key: value for key, value in found.items() if value is not None and key not in skipped
        }
    version = content.get("version")
    name = content.get("name") or path.resolve().parent.name
    return Evaluated(
        f"{name} {version}" if version else name,
        content.get("quality", {}).get("dataset"),
        values,
        tuple(content.get("recall_by_size", ())),
    )


def _metric(head: dict[str, Any], metric: str) -> float | None:
    value = head.get(metric)
    return None if value is None else float(value)


def named_apart(models: list[Evaluated]) -> list[Evaluated]:
    """Return the models with names that differ."""
    seen: dict[str, int] = {}
    apart = []
    for model in models:
        seen[model.name] = seen.get(model.name, 0) + 1
        count = seen[model.name]
        name = model.name if count == 1 else f"{model.name} ({count})"
        apart.append(Evaluated(name, model.dataset, model.values, model.recall_by_size))
    return apart


def same_heads(models: Sequence[Evaluated]) -> bool:
    """Tell whether all were measured on the same heads."""
    heads = [set(model.values["false_lesions"]) or set(model.values["dice"]) for model in models]
    digests = {model.dataset for model in models} - {None}
    return all(one == heads[0] for one in heads) and len(digests) <= 1


def table(models: Sequence[Evaluated]) -> str:
    """Return the comparison as Markdown: metrics, recall by size, differences head by head."""
    lines = ["# Comparison of models", ""]
    if not same_heads(models):
        lines += ["**Not the same test heads: the figures can't be held against each other.**", ""]
    lines += ["Mean ± standard deviation (median; heads).", ""]
    lines += _rows(["", *(model.name for model in models)], (
        [title, *(_cell(model.told(metric)) for model in models)]
        for metric, title in TITLES.items()
    ))  # fmt: skip
    lines += [
        "",
        "Dice is over the heads with a lesion; distances over those where one was found.",
        "",
    ]
    lines += _recall(models)
    lines += _differences(models) if same_heads(models) else []
    return "\n".join(lines).rstrip() + "\n"


def _rows(head: Sequence[str], rows: Any) -> list[str]:
    shown = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(cells)} |" for cells in shown]


def _cell(values: Sequence[float]) -> str:
    if not values:
        return "–"
    return f"{mean(values):.3g} ± {pstdev(values):.2g} ({median(values):.3g}; {len(values)})"


def _recall(models: Sequence[Evaluated]) -> list[str]:
    if not all(model.recall_by_size for model in models):
        return []
    names = [row["name"] for row in models[0].recall_by_size]
    rows = (
        [
            name,
            *(
                f"{m.recall_by_size[n]['found']} of {m.recall_by_size[n]['lesions']}"
                for m in models
            ),
        ]
        for n, name in enumerate(names)
    )
    return [*_rows(["lesions found, by volume", *(model.name for model in models)], rows), ""]


def _differences(models: Sequence[Evaluated]) -> list[str]:
    """Return how each model differs from the first, head by head, with a 95 % interval."""
    first, *others = models
    rows = (
        [f"{other.name} - {first.name}", *(_difference(first, other, metric) for metric in BOXES)]
        for other in others
    )
    return _rows(["difference, head by head", *(TITLES[metric] for metric in BOXES)], rows)


def _difference(first: Evaluated, other: Evaluated, metric: str) -> str:
    interval = paired(first, other, metric)
    if interval is None:
        return "–"
    middle, low, high, count = interval
    return f"{middle:+.3g} ({low:+.3g} to {high:+.3g}; {count})"


def paired(
    first: Evaluated, other: Evaluated, metric: str
) -> tuple[float, float, float, int] | None:
    """Return the mean difference, its bootstrapped 95 % interval, and the number of heads."""
    heads = sorted(first.values[metric].keys() & other.values[metric].keys())
    if not heads:
        return None
    gaps = np.array([other.values[metric][h] - first.values[metric][h] for h in heads])
    draws = np.random.default_rng(SEED).integers(0, len(gaps), (DRAWS, len(gaps)))
    low, high = np.percentile(gaps[draws].mean(axis=1), (2.5, 97.5))
    return float(gaps.mean()), float(low), float(high), len(gaps)


def as_json(models: Sequence[Evaluated]) -> dict[str, Any]:
    """Return the comparison for a script."""
    return {
        "same_heads": same_heads(models),
        "models": [
            {
                "name": model.name,
                "dataset": model.dataset,
                "metrics": {
                    metric: {"mean": mean(values), "median": median(values), "heads": len(values)}
                    for metric in TITLES
                    if (values := model.told(metric))
                },
            }
            for model in models
        ],
    }
