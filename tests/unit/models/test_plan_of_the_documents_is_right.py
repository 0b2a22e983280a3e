"""The plan that docs/models/training.md shows can be trained by; its tables name what there is."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from meninx_models import config
from meninx_models.config import Plan, resolve

PAGE = (Path(__file__).parents[3] / "docs" / "models" / "training.md").read_text()


def _names(union: Any) -> set[str]:
    """Return the names of a choice's kinds."""
    kinds = get_args(get_args(union)[0]) or (get_args(union)[0],)
    return {kind.model_fields["name"].default for kind in kinds}


def test_plan_that_is_shown_can_be_resolved() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    plan = resolve(yaml.safe_load(block))
    assert plan.name == "meningioma-lab"
    assert set(yaml.safe_load(block)) <= set(Plan.model_fields)


PARTS = {
    "loss": config.Loss,
    "optimiser": config.Optimiser,
    "schedule": config.Schedule,
    "augmentation": config.Augmentation,
}


@pytest.mark.parametrize(("part", "union"), PARTS.items(), ids=PARTS)
def test_each_name_of_a_part_is_told(part: str, union: Any) -> None:
    (row,) = re.findall(rf"^\| `{part}` \|(.*)\|$", PAGE, re.MULTILINE)
    assert _names(union) <= set(re.findall(r"`([a-z_]+)`", row))


@pytest.mark.parametrize("name", get_args(config.MetricName))
def test_each_metric_is_explained_to_readers(name: str) -> None:
    table = PAGE[PAGE.index("## Metrics") :]
    assert f"`{name}`" in table
