import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from meninx_models.evaluate.comparison import (
    as_json,
    named_apart,
    paired,
    read_evaluation,
    same_heads,
    table,
)
from meninx_models.evaluate.lesions import score_head
from meninx_models.evaluate.summary import report_of

MODEL = Path(__file__).parents[3] / "model-images" / "unet-meningioma"


def _evaluation(folder: Path, name: str, shifts: Sequence[int], dataset: str = "ab") -> Path:
    """Write the evaluation of a model that is off by so many voxels, head by head."""
    scores = []
    for head, shift in enumerate(shifts):
        truth = np.zeros((30, 30, 30), bool)
        truth[5:17, 5:17, 5:17] = head > 0
        scores.append(score_head(f"sub-{head}", np.roll(truth, shift, 0), truth, (1.0, 1.0, 1.0)))
    content = {"name": name, "version": "1", "quality": {"dataset": dataset}, **report_of(scores)}
    path = folder / f"{name}.json"
    path.write_text(json.dumps(content))
    return path


def test_table_shows_each_metric_of_each_model(tmp_path: Path) -> None:
    paths = [_evaluation(tmp_path, name, [0, n, n]) for n, name in enumerate(("one", "two"))]
    text = table([read_evaluation(path) for path in paths])
    assert "|  | one 1 | two 1 |" in text
    assert "| Dice | 1 ± 0 (1; 2) | 0.917 ± 0 (0.917; 2) |" in text
    assert "| 1 to 3 mL | 2 of 2 | 2 of 2 |" in text
    assert "two 1 - one 1 | -0.0833 (-0.0833 to -0.0833; 2)" in text
    assert "Not the same test heads" not in text


def test_healthy_heads_count_nothing_for_dice(tmp_path: Path) -> None:
    one = read_evaluation(_evaluation(tmp_path, "one", [0, 3, 0]))
    assert one.told("dice") == pytest.approx([0.75, 1.0])
    assert one.told("specificity") == pytest.approx([1.0, 1 - 432 / (27000 - 1728), 1.0])


OTHERS = {"fewer heads": ([0, 1], "ab"), "other files": ([0, 1, 1], "cd")}


@pytest.mark.parametrize(("shifts", "dataset"), OTHERS.values(), ids=OTHERS)
def test_other_test_sets_are_not_held_against_each_other(
    tmp_path: Path, shifts: list[int], dataset: str
) -> None:
    one = _evaluation(tmp_path, "one", [0, 1, 1])
    two = _evaluation(tmp_path, "two", shifts, dataset)
    models = [read_evaluation(path) for path in (one, two)]
    assert not same_heads(models)
    assert "Not the same test heads" in table(models)
    assert "head by head" not in table(models)
    assert as_json(models)["same_heads"] is False


def test_interval_of_the_difference_holds_its_mean(tmp_path: Path) -> None:
    one = read_evaluation(_evaluation(tmp_path, "one", [0, *[2] * 8]))
    two = read_evaluation(_evaluation(tmp_path, "two", [0, 0, 1, 2, 3, 0, 1, 2, 3]))
    gap = paired(one, two, "dice")
    assert gap is not None
    middle, low, high, heads = gap
    assert low < middle < high
    assert heads == 8
    assert middle == pytest.approx(np.mean(two.told("dice")) - np.mean(one.told("dice")))


def test_two_runs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    path = _evaluation(tmp_path, "one", [0, 1])
    models = named_apart([read_evaluation(path), read_evaluation(path)])
    assert [model.name for model in models] == ["one 1", "one 1 (2)"]


def test_shipped_models_evaluation_can_be_compared() -> None:
    shipped = read_evaluation(MODEL / "evaluation.json")
    assert shipped.name.startswith("unet-meningioma")
    assert len(shipped.told("dice")) > 20
    assert "Dice" in table([shipped, shipped])
