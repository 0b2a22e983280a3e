import json
from pathlib import Path

import numpy as np
import pytest
from tests.bench.models import MODELS, rows

from meninx_models.evaluate.lesions import HeadScore, score_head
from meninx_models.evaluate.summary import report_of

SHIPPED = Path(__file__).parents[3] / "model-images"


def _head(number: int, edge: int, *, found: bool, false: int = 0) -> HeadScore:
    """Score a head with a cube of a lesion; `false` is the edge of what is found elsewhere."""
    truth, mask = np.zeros((60, 30, 30), bool), np.zeros((60, 30, 30), bool)
    truth[2 : 2 + edge, 2 : 2 + edge, 2 : 2 + edge] = True
    if found:
        mask |= truth
    mask[40 : 40 + false, 2 : 2 + false, 2 : 2 + false] = True
    return score_head(number, mask, truth, (1.0, 1.0, 1.0))


def test_each_goal_has_its_figure() -> None:
    scores = [
        _head(1, 23, found=True),
        _head(2, 12, found=True),
        _head(3, 12, found=False),
        _head(4, 0, found=False),
        _head(5, 0, found=False, false=9),
    ]
    told = {row.id.split(".")[-1]: row.value for row in rows("unet", report_of(scores))}
    assert told == {
        "dice_over_10ml": 1.0,
        "dice_1_to_10ml": 0.5,
        "average_hausdorff_mm": 0.0,
        "recall_1_to_3ml": 0.5,
        "recall_over_3ml": 1.0,
        "healthy_with_false_lesion": 0.5,
    }


@pytest.mark.parametrize("name", MODELS)
def test_shipped_evaluation_gives_all_figures(name: str) -> None:
    measured = json.loads((SHIPPED / MODELS[name] / "evaluation.json").read_text())["unseen"]
    assert len(rows(name, measured)) == 6
    assert len(measured["heads"]) >= 60
    assert measured["healthy"]["heads"] >= 14
