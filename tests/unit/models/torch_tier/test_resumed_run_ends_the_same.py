from pathlib import Path

import pytest
import torch

from meninx_models.data.boxes import ready_heads
from meninx_models.data.sampler import Sampler
from meninx_models.recipe import Config, Stage
from meninx_models.train.command import resolved_plan
from meninx_models.train.loop import CHECKPOINT, Trainer, rate_at

pytestmark = pytest.mark.torch

PLAN = Config(
    bfloat16=False,
    stages=(
        Stage(name="one", millimetres=1, steps=4, rate=1e-3, warm_up=2),
        Stage(name="two", millimetres=1, steps=3, rate=5e-4, warm_up=1),
    ),
)


def _trainer(folder: Path, cache: Path) -> Trainer:
    torch.set_num_threads(1)
    folder.mkdir(exist_ok=True)
    return Trainer(PLAN, folder, Sampler(ready_heads(cache), PLAN.seed))


def _quiet(*_facts: object) -> None:
    return None


@pytest.mark.parametrize("cut", [1, 3, 4, 6], ids=lambda n: f"after {n}")
def test_run_cut_anywhere_ends_with_the_same_weights(cache: Path, tmp_path: Path, cut: int) -> None:
    whole = _trainer(tmp_path / "whole", cache).run(_quiet)
    begun = _trainer(tmp_path / "cut", cache)
    begun.run(_quiet, most_steps=cut)
    begun.save()
    resumed = _trainer(tmp_path / "cut", cache).run(_quiet)
    for one, two in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, two)


def test_finished_run_has_nothing_left_to_do(cache: Path, tmp_path: Path) -> None:
    _trainer(tmp_path / "run", cache).run(_quiet)
    steps: list[object] = []
    _trainer(tmp_path / "run", cache).run(lambda *facts: steps.append(facts))
    assert steps == []
    assert {path.name for path in (tmp_path / "run").glob("*.pt")} == {
        CHECKPOINT,
        "one.pt",
        "two.pt",
    }


def test_checkpoint_is_never_half_written(cache: Path, tmp_path: Path) -> None:
    trainer = _trainer(tmp_path / "run", cache)
    trainer.save()
    assert [path.name for path in (tmp_path / "run").iterdir()] == [CHECKPOINT]


def test_begun_run_keeps_the_plan_it_began_with(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("stages: [{name: one, millimetres: 2, steps: 5, rate: 0.1}]\n")
    begun = resolved_plan(config, tmp_path)
    config.write_text("stages: [{name: one, millimetres: 1, steps: 9, rate: 0.1}]\n")
    assert resolved_plan(config, tmp_path) == begun


def test_rate_warms_up_and_then_falls() -> None:
    stage = Stage(name="one", millimetres=1, steps=100, rate=1.0, warm_up=10)
    rates = [rate_at(stage, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 0.03
