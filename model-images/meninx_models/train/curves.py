"""Loss, Dice and rate over the epochs, as a picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure


def draw_curves(path: Path, history: Sequence[dict[str, Any]], best_epoch: int) -> None:
    """Draw the curves of a run."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = [entry["epoch"] for entry in history]
    left.plot(epochs, [entry["loss"] for entry in history], color="tab:blue", label="loss")
    left.set(xlabel="epoch", ylabel="training loss")
    rates = left.twinx()
    rates.plot(epochs, [entry["rate"] for entry in history], color="tab:grey", linestyle=":")
    rates.set_ylabel("learning rate (dotted)")
    told = [entry for entry in history if entry["dice"] is not None]
    right.plot([e["epoch"] for e in told], [e["dice"] for e in told], color="tab:green")
    if best_epoch:
        right.axvline(best_epoch, color="tab:grey", linestyle="--", label=f"kept: {best_epoch}")
        right.legend()
    right.set(xlabel="epoch", ylabel="mean Dice, validation", ylim=(0, 1))
    figure.savefig(path, dpi=120)
