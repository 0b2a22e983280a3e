"""`compare`: table and figure of two or more evaluations, as the report's figures 4.5 and 4.6."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from meninx_models.evaluate.comparison import (
    BOXES,
    TITLES,
    Evaluated,
    as_json,
    named_apart,
    read_evaluation,
    table,
)


def compare(paths: Sequence[Path], out: Path) -> int:
    """Write comparison.md, .json and .png; print the table."""
    models = named_apart([read_evaluation(path) for path in paths])
    out.mkdir(parents=True, exist_ok=True)
    text = table(models)
    (out / "comparison.md").write_text(text)
    (out / "comparison.json").write_text(json.dumps(as_json(models), indent=1) + "\n")
    draw_boxes(out / "comparison.png", models)
    print(text)  # noqa: T201 - the command's answer
    return 0


def draw_boxes(path: Path, models: Sequence[Evaluated]) -> None:
    """Draw Dice and average Hausdorff of each model as boxes, with every head as a point."""
    figure = Figure(figsize=(3 + 2.2 * len(models), 4.2), layout="constrained")
    for axes, metric in zip(figure.subplots(1, len(BOXES)), BOXES, strict=True):
        drawn = [model.told(metric) for model in models]
        axes.boxplot(drawn, tick_labels=[model.name for model in models], showmeans=True)
        for place, values in enumerate(drawn, start=1):
            beside = place + np.linspace(-0.12, 0.12, len(values))
            axes.plot(beside, values, ".", alpha=0.4, color="tab:blue")
        axes.set_title(TITLES[metric])
        axes.tick_params(axis="x", rotation=20)
    figure.savefig(path, dpi=120)
