"""`train`: heads of the pool to trained weights, in one folder, resumable."""

from pathlib import Path

import torch
from tqdm import tqdm

from meninx_models.data.boxes import prepare_pool
from meninx_models.data.sampler import Sampler
from meninx_models.recipe import Config, Stage, read_config, run_folder
from meninx_models.train.loop import Trainer
from meninx_models.train.losses import Log

PLAN = "plan.json"


def train(config_path: Path, cache: Path) -> int:
    """Train by the plan; a run that has begun keeps the plan it began with."""
    folder = run_folder(config_path, cache)
    folder.mkdir(parents=True, exist_ok=True)
    config = resolved_plan(config_path, folder)
    torch.set_num_threads(config.threads)
    heads = list(tqdm(prepare_pool(cache / "train", cache / "train-boxes"), desc="preparing"))
    wanted = range(config.first_seed, config.first_seed + config.heads)
    chosen = [head for head in heads if head.seed in wanted]
    if len(chosen) < config.heads:
        raise SystemExit(f"only {len(chosen)} of {config.heads} training heads are in the pool")
    run = Trainer(config, folder, Sampler(chosen, config.seed))
    total = sum(stage.steps for stage in config.stages)
    with tqdm(total=total, initial=run.progress.total, unit="step", desc="training") as bar:
        mean, log = [0.0], Log(folder, run.progress.total)

        def report(stage: Stage, _step: int, loss: float, seconds: float) -> None:
            log.add(stage.name, stage.millimetres, run.progress.total, loss, seconds)
            mean[0] = loss if mean[0] == 0 else 0.98 * mean[0] + 0.02 * loss
            bar.set_postfix_str(f"{stage.name} loss {mean[0]:.3f}", refresh=False)
            bar.update()

        run.run(report)
    return 0


def resolved_plan(config_path: Path, folder: Path) -> Config:
    """Return the plan that the run began with, writing it first when the run is new."""
    plan = folder / PLAN
    if not plan.is_file():
        plan.write_text(read_config(config_path).model_dump_json(indent=2))
    return Config.model_validate_json(plan.read_text())
