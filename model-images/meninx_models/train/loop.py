"""The loop: one whole head a step, stage after stage, with a checkpoint every so often."""

import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.optim import AdamW
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from meninx_models.data.sampler import Often, Part, Sampler
from meninx_models.networks import WINDOW, expect, is_windowed, make_network
from meninx_models.recipe import Config, Stage
from meninx_models.train import checkpoint
from meninx_models.train.checkpoint import Progress
from meninx_models.train.loss import segmentation_loss

CHECKPOINT = "checkpoint.pt"
Report = Callable[[Stage, int, float, float], None]


def rate_at(stage: Stage, step: int) -> float:
    """Return the learning rate of a step: linear warm-up, then half a cosine to 2 %."""
    if step < stage.warm_up:
        return stage.rate * (step + 1) / stage.warm_up
    share = (step - stage.warm_up) / max(stage.steps - stage.warm_up, 1)
    return stage.rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(share, 1))))


class Trainer:
    """One run in one folder; constructing it again on the same folder resumes it."""

    def __init__(self, config: Config, folder: Path, sampler: Sampler) -> None:
        torch.manual_seed(config.seed)
        self.config, self.folder, self.sampler = config, folder, sampler
        self.network = make_network(config.preset, config.window or WINDOW)
        if config.prior is not None:
            expect(self.network, config.prior)
        # a UNETR's step is about a seventh shorter so; a U-Net's is not
        windowed = is_windowed(config.preset)
        self.layout = torch.channels_last_3d if windowed else torch.contiguous_format
        self.network.to(memory_format=self.layout)
        self.part = Part(config.window, config.lesion_share) if config.window else None
        self.progress = Progress()
        self._start_stage()
        self._resume()

    def _start_stage(self) -> None:
        stage = self.config.stages[self.progress.stage]
        self.optimiser = AdamW(
            self.network.parameters(), lr=stage.rate, weight_decay=self.config.weight_decay
        )
        average = get_ema_multi_avg_fn(stage.ema)
        self.average = AveragedModel(self.network, multi_avg_fn=average)

    def _resume(self) -> None:
        state = checkpoint.load(self.folder / CHECKPOINT)
        if state is None:
            return
        self.progress = Progress(**state["progress"])
        if self.progress.stage < len(self.config.stages):
            self._start_stage()
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average.load_state_dict(state["average"])
        torch.set_rng_state(state["rng"])

    def save(self) -> None:
        """Write the checkpoint."""
        state = {
            "progress": vars(self.progress),
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average.state_dict(),
            "rng": torch.get_rng_state(),
            "config": self.config.model_dump(mode="json"),
        }
        checkpoint.save(self.folder / CHECKPOINT, state)

    def run(self, report: Report, *, most_steps: int | None = None) -> nn.Module:
        """Train to the end of the last stage (or for some steps); return the averaged network."""
        left = math.inf if most_steps is None else most_steps
        while self.progress.stage < len(self.config.stages) and left > 0:
            stage = self.config.stages[self.progress.stage]
            while self.progress.done < stage.steps and left > 0:
                begun = time.monotonic()
                loss = self.step(stage)
                report(stage, self.progress.done, loss, time.monotonic() - begun)
                left -= 1
                if self.progress.total % self.config.checkpoint_every == 0:
                    self.save()
            if self.progress.done >= stage.steps:
                self._finish_stage(stage)
        return self.average.module

    def _finish_stage(self, stage: Stage) -> None:
        self.network.load_state_dict(self.average.module.state_dict())
        self.progress.stage, self.progress.done = self.progress.stage + 1, 0
        checkpoint.save(self.folder / f"{stage.name}.pt", self.average.module.state_dict())
        if self.progress.stage < len(self.config.stages):
            self._start_stage()
        self.save()

    def step(self, stage: Stage) -> float:
        """Take one step on one head and return its loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate_at(stage, self.progress.done)
        often = Often(*stage.lesion_ml, stage.lesion_ml_share) if stage.lesion_ml else None
        image, share = self.sampler.at(self.progress.total, stage.millimetres, self.part, often)
        lower = self.config.bfloat16 if stage.bfloat16 is None else stage.bfloat16
        with torch.autocast("cpu", torch.bfloat16, enabled=lower):
            logits = self.network(image.contiguous(memory_format=self.layout))
        loss = segmentation_loss(logits, share, stage.millimetres)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        if torch.isfinite(norm):
            self.optimiser.step()
            self.average.update_parameters(self.network)
        self.progress.done += 1
        self.progress.total += 1
        return float(loss.detach())
