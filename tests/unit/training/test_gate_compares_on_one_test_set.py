from typing import Any

import pytest
from tests.support.trainings import DATASET, OTHER_DATASET, quality

from meninx.controller.training.gate import Current, judge
from meninx.resources.aimodel import Quality
from meninx.resources.trainingjob import GateStatus, Register


def verdict(new: dict[str, Any], old: dict[str, Any] | None, **register: Any) -> GateStatus:
    want = {"name": "b", "version": "2", "from": "a", "promote": "IfBetter"} | register
    current = None if old is None else Quality.model_validate(quality(**old))
    return judge(
        Register.model_validate(want),
        Quality.model_validate(quality(**new)),
        Current("a", current),
    )


CASES: dict[str, tuple[dict[str, Any], dict[str, Any] | None, dict[str, Any], str]] = {
    "better": ({"dice": 0.8}, {"dice": 0.7}, {}, "Promoted"),
    "worse": ({"dice": 0.7}, {"dice": 0.8}, {}, "NotBetter"),
    "equal": ({"dice": 0.8}, {"dice": 0.8}, {}, "NotBetter"),
    "by too little": ({"dice": 0.8}, {"dice": 0.795}, {"leastMargin": 0.01}, "NotBetter"),
    "by enough": ({"dice": 0.8}, {"dice": 0.75}, {"leastMargin": 0.01}, "Promoted"),
    "nearer": (
        {"averageHausdorffMm": 1.0}, {"averageHausdorffMm": 2.0},
        {"metric": "AverageHausdorff", "leastMargin": 0.5}, "Promoted",
    ),
    "farther": (
        {"averageHausdorffMm": 2.0}, {"averageHausdorffMm": 1.0}, {"metric": "AverageHausdorff"},
        "NotBetter",
    ),
    "another test set": ({"dice": 0.9}, {"dice": 0.1, "dataset": OTHER_DATASET}, {}, "NotComparable"),
    "never measured": ({"dice": 0.9}, None, {}, "NotComparable"),
    "not in that metric": (
        {"averageHausdorffMm": 1.0}, {"averageHausdorffMm": None}, {"metric": "AverageHausdorff"},
        "NotComparable",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_figure_decides_on_the_same_test_set_only(case: str) -> None:
    new, old, register, reason = CASES[case]
    said = verdict(new, old, **register)
    assert said.reason == reason
    assert said.decision == ("Promote" if reason == "Promoted" else "Keep")


def test_refusal_names_both_figures() -> None:
    said = verdict({"dice": 0.7}, {"dice": 0.8})
    assert "Dice: 0.7, AIModel a: 0.8" in said.message
    assert (said.candidate, said.current, said.current_model) == (0.7, 0.8, "a")


def test_refusal_for_another_test_set_names_both_sets() -> None:
    said = verdict({}, {"dataset": OTHER_DATASET})
    assert DATASET[:12] in said.message
    assert OTHER_DATASET[:12] in said.message
    assert said.candidate is None
