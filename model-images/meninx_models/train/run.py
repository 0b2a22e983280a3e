"""One training run in its folder: epoch after epoch, resumed wherever it was cut off."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.lr_scheduler import ReduceLROnPlateau

from meninx_models.choices import make_loss, make_optimiser, make_schedule
from meninx_models.config import GridInput, Plan
from meninx_models.data.changed import Epoch, Piece, Place, pieces, steps_in
from meninx_models.train import checkpoint, processes
from meninx_models.train.network import averaged, new_network, recompute, window_of
from meninx_models.train.planning import Planned
from meninx_models.train.state import State
from meninx_models.train.validate import mean_dice

CHECKPOINT, BEST = "checkpoint.pt", "best.pt"
MOST_SKIPPED = 0.5
"""A run whose gradients are no numbers in more of an epoch's steps has diverged."""


class Diverged(Exception):
    """The gradients are no numbers any more."""

    reason = "NotFinite"


class Stopped(Exception):
    """The run was asked to stop, and has written where it is."""


Told = Callable[[State], None]


class Run:
    """Made again on the same folder it goes on; `train` returns when the plan is fulfilled."""

    def __init__(self, planned: Planned, folder: Path, place: Place) -> None:
        plan = planned.plan
        self.planned, self.plan, self.folder, self.place = planned, plan, folder, place
        self.device = processes.own_device()
        self.window = window_of(plan)
        self.state = State()
        self.network = new_network(plan).to(self.device)
        self.average = averaged(self.network, plan.average) if plan.average else None
        self.optimiser = make_optimiser(plan.optimiser, self.network.parameters())
        self.schedule = make_schedule(plan.schedule, self.optimiser, plan.epochs)
        self.loss = make_loss(plan.loss, _voxel_mm(plan))
        self._asked_to_stop, self._stopping = False, False
        self._resume()
        if plan.gradient_checkpointing:
            recompute(self.network)
        alone = place.world == 1
        self._parallel = self.network if alone else DistributedDataParallel(self.network)

    @property
    def best_network(self) -> nn.Module:
        """The weights that are judged: averaged, unless the plan says otherwise."""
        return self.average.module if self.average else self.network

    def train(self, told: Told) -> State:
        """Train to the end of the plan, or until nothing is gained."""
        while self.state.epoch < self.plan.epochs and not self._idle():
            self._epoch()
            told(self.state)
        return self.state

    def stop(self) -> None:
        """Write a checkpoint and raise Stopped after the step at hand, in all processes."""
        self._asked_to_stop = True

    def _idle(self) -> bool:
        stop = self.plan.early_stop
        return stop is not None and self.state.epoch - self.state.best_epoch >= stop.patience

    def _epoch(self) -> None:
        plan, state, begun = self.plan, self.state, time.monotonic()
        before = state.seconds
        epoch = Epoch(self.planned.train, plan, state.epoch)
        self._parallel.train()
        self._new_step()
        for piece in pieces(epoch, plan, self.place, state.step):
            self._gather(piece)
            if piece.last:
                self._take_step()
                state.seconds = before + time.monotonic() - begun
                self._between_steps()
        steps = steps_in(len(epoch), plan)
        if state.skipped > MOST_SKIPPED * steps:
            raise Diverged(
                f"{state.skipped} of {steps} steps of epoch {state.epoch + 1} had no finite gradient: "
                "try a smaller rate, or precision float32"
            )
        self._close_epoch(steps, lambda: before + time.monotonic() - begun)

    def _between_steps(self) -> None:
        """Write a checkpoint if it is time to."""
        state, every = self.state, self.plan.checkpoint_every_steps
        if self._stopping:
            self.save()
            raise Stopped(f"stopped in epoch {state.epoch + 1} after step {state.step}")
        if every and state.step % every == 0:
            self.save()

    def _new_step(self) -> None:
        """Forget gradients, and draw the step's random numbers from its place alone."""
        key = [self.plan.seed, self.state.epoch, self.state.step, self.place.rank]
        torch.manual_seed(int(np.random.SeedSequence(key).generate_state(1)[0]))
        self.optimiser.zero_grad(set_to_none=True)
        self._step_loss = torch.zeros((), device=self.device)

    def _gather(self, piece: Piece) -> None:
        parallel = self._parallel
        if isinstance(parallel, DistributedDataParallel):
            parallel.require_backward_grad_sync = piece.last
        image, share = piece.image.to(self.device), piece.share.to(self.device)
        bf16 = self.plan.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=bf16):
            logits = parallel(image)
        loss = self.loss(logits.float(), share) * piece.weight
        loss.backward()
        self._step_loss += loss.detach()

    def _take_step(self) -> None:
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.plan.clip)
        asked = torch.tensor(float(self._asked_to_stop), device=self.device)
        loss, stopping = processes.mean_over(self.place, torch.stack([self._step_loss, asked]))
        self._stopping = stopping > 0
        if torch.isfinite(norm):
            self.optimiser.step()
            self.state.loss_sum += loss
            if self.average:
                self.average.update_parameters(self.network)
        else:
            self.state.skipped += 1
        self.state.step += 1
        self._new_step()

    def _close_epoch(self, steps: int, seconds: Callable[[], float]) -> None:
        state = self.state
        taken = max(steps - state.skipped, 1)
        entry = {
            "epoch": state.epoch + 1,
            "loss": state.loss_sum / taken,
            "rate": self.optimiser.param_groups[0]["lr"],
            "skipped": state.skipped,
            "dice": self._validate(),
        }
        self._follow_schedule(entry["dice"])
        state.epoch, state.step = state.epoch + 1, 0
        state.loss_sum, state.skipped = 0.0, 0
        self._keep_best(entry["dice"])
        entry["seconds"] = seconds()
        state.history.append(entry)
        state.seconds = 0.0
        self.save()

    def _validate(self) -> float | None:
        done = self.state.epoch + 1
        if done % self.plan.validate_every and done != self.plan.epochs:
            return None
        return mean_dice(self.best_network, self.planned.validation, self.plan, place=self.place)

    def _follow_schedule(self, dice: float | None) -> None:
        if not isinstance(self.schedule, ReduceLROnPlateau):
            self.schedule.step()
        elif dice is not None:
            self.schedule.step(dice)

    def _keep_best(self, dice: float | None) -> None:
        least = self.plan.early_stop.least_gain if self.plan.early_stop else 0.0
        if dice is None or dice <= self.state.best_dice + least:
            return
        self.state.best_dice, self.state.best_epoch = dice, self.state.epoch
        if self.place.rank == 0:
            checkpoint.save(self.folder / BEST, self.best_network.state_dict())

    def save(self) -> None:
        """Write the checkpoint, in the first process."""
        if self.place.rank:
            return
        state = {
            "state": vars(self.state),
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "average": self.average.state_dict() if self.average else None,
        }
        checkpoint.save_keeping_one(self.folder / CHECKPOINT, state)

    def _resume(self) -> None:
        state = checkpoint.load_newest(self.folder / CHECKPOINT)
        if state is None:
            return
        self.state = State(**state["state"])
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        if self.average:
            self.average.load_state_dict(state["average"])


def _voxel_mm(plan: Plan) -> float:
    if isinstance(plan.input, GridInput):
        return plan.input.spacing_mm
    return float(plan.input.millimetres)
