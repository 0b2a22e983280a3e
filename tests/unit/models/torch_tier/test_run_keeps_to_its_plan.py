"""What a run does inside: memory switches that change nothing, torn files, stopping early."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.unit.models.torch_tier.fitting import PLAN, write_plan

from meninx_models.config import resolve
from meninx_models.data.changed import Epoch, Place, pieces
from meninx_models.train.checkpoint import load_newest, previous, save_keeping_one
from meninx_models.train.network import new_network, recompute
from meninx_models.train.planning import Planned, look_first, read_planned
from meninx_models.train.processes import on_sigterm
from meninx_models.train.run import CHECKPOINT, Run, Stopped
from meninx_models.train.state import State

pytestmark = pytest.mark.torch


@pytest.fixture
def planned(tmp_path: Path, tiny: Path) -> Planned:
    torch.set_num_threads(1)
    assert look_first(write_plan(tmp_path), tiny, tmp_path) == 0
    return read_planned(tiny, tmp_path)


def _with(planned: Planned, **changes: Any) -> Planned:
    return replace(planned, plan=resolve(PLAN | {"average": 0.0} | changes))


def _gradients(run: Run) -> list[torch.Tensor]:
    """Return the gradients of the first step."""
    run._new_step()
    for piece in pieces(Epoch(run.planned.train, run.plan, 0), run.plan, run.place, 0):
        run._gather(piece)
        if piece.last:
            break
    return [p.grad for p in run.network.parameters() if p.grad is not None]


def test_recomputing_changes_no_gradient(planned: Planned, tmp_path: Path) -> None:
    runs = (
        Run(_with(planned, gradient_checkpointing=on), tmp_path / "none", Place())
        for on in (False, True)
    )
    for one, two in zip(*map(_gradients, runs), strict=True):
        assert torch.allclose(one, two, atol=1e-6)


@pytest.mark.parametrize("network", ["unet", "unet-res2"])
def test_untrained_network_says_what_its_plan_expects(planned: Planned, network: str) -> None:
    plan = _with(planned, network=network, prior=0.01).plan
    volume = torch.rand((1, 1, 32, 32, 32), generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        said = torch.sigmoid(new_network(plan)(volume)).median()
    assert 0.003 < float(said) < 0.03


def test_recomputing_is_done_block_by_block(planned: Planned) -> None:
    network = new_network(planned.plan)
    recompute(network)
    changed = [m for m in network.modules() if "forward" in vars(m)]
    assert len(changed) == 9
    assert not any(inner in changed for m in changed for inner in list(m.modules())[1:])


def test_volumes_one_by_one_give_the_batchs_gradient(planned: Planned, tmp_path: Path) -> None:
    runs = (
        Run(_with(planned, micro_batch=size, batch=4), tmp_path / "none", Place())
        for size in (1, 4)
    )
    for one, two in zip(*map(_gradients, runs), strict=True):
        assert torch.allclose(one, two, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("world", [1, 2, 3])
def test_every_case_counts_once_in_an_epoch(planned: Planned, world: int) -> None:
    plan = _with(planned, batch=4, augmentation=[]).plan
    epoch = Epoch(planned.train, plan, 0)
    weight = sum(
        piece.weight * min(4, len(epoch) - 4 * step) / world
        for rank in range(world)
        for step, piece in _numbered(epoch, plan, Place(rank, world))
    )
    assert weight == pytest.approx(len(epoch))


def _numbered(epoch: Epoch, plan: Any, place: Place) -> Any:
    step = 0
    for piece in pieces(epoch, plan, place, 0):
        yield step, piece
        step += piece.last


def test_torn_checkpoint_falls_back_to_the_one_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / CHECKPOINT
    for epoch in (4, 5):
        save_keeping_one(path, {"epoch": epoch, "values": torch.rand(5000)})
    path.write_bytes(path.read_bytes()[:10000])
    found = load_newest(path)
    assert found is not None
    assert found["epoch"] == 4
    assert "going back" in capsys.readouterr().err
    assert previous(path).is_file()


def test_leftovers_of_a_killed_writer_are_swept(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.77.part").write_bytes(b"half")
    save_keeping_one(tmp_path / CHECKPOINT, {"epoch": 1})
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]


def test_run_stops_when_nothing_is_gained(planned: Planned, tmp_path: Path) -> None:
    stop = {"patience": 2, "least_gain": 1.0}
    run = Run(_with(planned, epochs=9, early_stop=stop), tmp_path, Place())
    run.state = State(best_dice=0.0)
    assert run.train(lambda _: None).epoch == 2


def test_run_that_is_asked_to_stop_writes_where_it_is(planned: Planned, tmp_path: Path) -> None:
    run = Run(planned, tmp_path, Place())
    with on_sigterm(run.stop):
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Stopped, match="epoch 1 after step 1"):
            run.train(lambda _: None)
    assert Run(planned, tmp_path, Place()).state.step == 1


def test_transformer_learns_on_patches(planned: Planned, tmp_path: Path) -> None:
    small = {"network": "unetr", "patch": {"shape": [32, 32, 32]}, "epochs": 1, "batch": 5}
    run = Run(_with(planned, **small), tmp_path, Place())
    state = run.train(lambda _: None)
    assert state.history[0]["skipped"] == 0
    assert state.history[0]["loss"] < 10
