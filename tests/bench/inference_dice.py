"""Does speed change the answer? Dice of trained weights on held-out heads, ours and eager torch's."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tests.bench.rows import Row, less_is_better

from meninx_models.infer.artefact import GRAPH_FILE, read_facts
from meninx_models.infer.engine import open_engine
from meninx_models.infer.predict import Mode
from meninx_models.infer.segment import segment
from meninx_models.preprocess import Volume, to_box

MOST_CHANGED = 0.005


class Stored:
    """Eager torch's answer for one head, in the place of an engine."""

    def __init__(self, share: Volume) -> None:
        self._share = share

    def probabilities(self, _window: Volume, /) -> Volume:
        """Return what was stored."""
        return self._share


def dice_row(
    name: str,
    peer: Callable[[dict[str, Any]], Any],
    work: Path,
    weights: Path,
    heads: Sequence[Any],
) -> Row:
    """Return the largest change of Dice over the heads (image, affine, truth)."""
    boxes = []
    for number, (image, affine, _truth) in enumerate(heads):
        np.save(work / f"box-{number}.npy", to_box(image, affine).values)
        boxes.append([str(work / f"{kind}-{number}.npy") for kind in ("box", "share")])
    engine, facts = open_engine(weights, {}), read_facts(weights)
    peer({"do": "shares", "boxes": boxes} | eager_of(weights))
    changes, scores = [], []
    for (_box, share), (image, affine, truth) in zip(boxes, heads, strict=True):
        fast = segment(engine, facts, image, affine).labels > 0
        eager = segment(Stored(np.load(share)), facts, image, affine, mode=Mode()).labels > 0
        scores.append(_dice(fast, truth))
        changes.append(abs(_dice(fast, truth) - _dice(eager, truth)))
    beside = ("most that may change", MOST_CHANGED)
    row = less_is_better(f"{name}.dice_change", max(changes), "", beside, "within 0.005")
    said = ", ".join(f"{score:.3f}" for score in scores)
    return replace(
        row, value=round(max(changes), 5), note=f"ours in {engine.choice.precision}; Dice {said}"
    )


def eager_of(weights: Path) -> dict[str, Any]:
    """Return what the peer needs to be the network of these weights."""
    facts = read_facts(weights)
    window = facts.window and [edge // facts.millimetres for edge in facts.window]
    return {
        "preset": facts.preset, "graph": str(weights / GRAPH_FILE), "window": window,
        "window_mm": facts.window, "millimetres": facts.millimetres,
    }  # fmt: skip


def _dice(one: Any, other: Any) -> float:
    return float(2 * (one & other).sum() / max(int(one.sum() + other.sum()), 1))
