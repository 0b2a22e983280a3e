from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from meninx_models.config import Plan, read_plan, resolve
from meninx_models.presets import PLANS

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "unknown field": ({"learning_rate": 1}, "learning_rate"),
    "unknown loss": ({"loss": {"name": "hinge"}}, "loss"),
    "parameter of another loss": ({"loss": {"name": "dice", "gamma": 2}}, "gamma"),
    "unknown network": ({"network": "vgg"}, "network"),
    "splits that don't add up": ({"data": {"split": {"train": 0.5}}}, "make 1 together"),
    "shape that can't be halved": ({"input": {"kind": "grid", "shape": [30, 32, 32]}}, "shape"),
    "no epochs": ({"epochs": 0}, "epochs"),
    "unknown named plan": ({"preset": "best"}, "there are default, report-unet"),
    "no mapping": (["epochs"], "mapping"),  # type: ignore[dict-item]
}


@pytest.mark.parametrize(("asked", "why"), WRONG.values(), ids=WRONG)
def test_what_a_plan_does_not_know_is_refused(asked: dict[str, Any], why: str) -> None:
    with pytest.raises((ValidationError, ValueError), match=why):
        resolve(asked)


@pytest.mark.parametrize("name", PLANS)
def test_named_plan_is_resolved_to_itself(name: str) -> None:
    plan = resolve({"preset": name})
    assert resolve(plan.model_dump(mode="json")) == plan


def test_empty_plan_is_the_default_one(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("")
    plan = read_plan(tmp_path / "plan.yaml")
    assert plan == resolve({"preset": "default"})
    assert plan.augmentation[0].name == "flip"


def test_what_is_asked_for_replaces_the_named_plans() -> None:
    plan = resolve({"preset": "report-unet", "batch": 4, "augmentation": []})
    assert (plan.batch, plan.augmentation, plan.epochs) == (4, (), 200)


PRIOR: dict[str, tuple[dict[str, Any], float | None]] = {
    "a U-Net": ({}, None),
    "a network that stood still": ({"network": "unetr"}, 0.01),
    "one that is told otherwise": ({"network": "unetr", "prior": 0.2}, 0.2),
    "one that is told nothing": ({"network": "unet-res2", "prior": None}, None),
    "the report's, as it was": ({"preset": "report-unetr"}, None),
}


@pytest.mark.parametrize(("asked", "prior"), PRIOR.values(), ids=PRIOR)
def test_network_that_stood_still_begins_with_lesion_unlikely(
    asked: dict[str, Any], prior: float | None
) -> None:
    assert resolve(asked).prior == prior


@pytest.mark.parametrize(("name", "batch"), [("report-unet", 48), ("report-unetr", 1)])
def test_reports_configurations_are_as_it_says(name: str, batch: int) -> None:
    plan: Plan = resolve({"preset": name})
    split, optimiser = plan.data.split, plan.optimiser
    assert (split.train, split.validation, split.test) == (0.8, 0.1, 0.1)
    assert plan.input.model_dump() == {
        "kind": "grid",
        "spacing_mm": 1.0,
        "shape": (256, 256, 256),
        "percentiles": (0.0, 100.0),
    }
    assert (optimiser.name, optimiser.rate, optimiser.weight_decay) == ("adam", 1e-3, 1e-5)
    assert (plan.epochs, plan.batch, plan.schedule.name) == (200, batch, "plateau")
    changes = [item.name for item in plan.augmentation]
    assert changes == ["rotation", "affine", "elastic", "gamma", "noise"]
    assert plan.network == name
