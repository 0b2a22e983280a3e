"""`evaluate`: the exported model on heads it never saw, as the image runs it; writes the card."""

import json
import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from meninx_models.card import write_card
from meninx_models.contract import NotForModel
from meninx_models.evaluate.lesions import HeadScore, score_head
from meninx_models.evaluate.predict import on_heads
from meninx_models.evaluate.summary import report_of
from meninx_models.infer.artefact import read_facts
from meninx_models.infer.engine import open_engine
from meninx_models.recipe import Config, read_config, run_folder


def evaluate(config_path: Path, cache: Path) -> int:
    """Score every test head, write `evaluation.json` and the model card."""
    config = read_config(config_path)
    weights = config_path.parent / "weights"
    parity = run_folder(config_path, cache) / "parity.json"
    report = {
        "weights_sha256": read_facts(weights).sha256,
        "parity": json.loads(parity.read_text()) if parity.is_file() else None,
        **_measured(weights, cache / "test", seeds_of(config.test_first_seed, config.test_heads)),
        "unseen": _measured(weights, cache / "unseen", unseen_seeds(config)),
    }
    (config_path.parent / "evaluation.json").write_text(json.dumps(report, indent=1) + "\n")
    write_card(config_path.parent / "MODEL_CARD.md", config, report)
    print((config_path.parent / "MODEL_CARD.md").read_text())  # noqa: T201 - the command's answer
    return 0


def seeds_of(first: int, count: int) -> list[int]:
    """Return seeds that follow each other."""
    return list(range(first, first + count))


def unseen_seeds(config: Config) -> list[int]:
    """Return the seeds of the heads of another template."""
    return [*seeds_of(config.unseen_first_seed, config.unseen_heads), *config.unseen_also]


def _measured(weights: Path, pool: Path, seeds: Sequence[int]) -> dict[str, Any]:
    missing = [seed for seed in seeds if not (pool / f"{seed}.npz").is_file()]
    if missing:
        raise SystemExit(f"{len(missing)} test heads are missing from {pool}")
    refused: dict[int, str] = {}
    scored = score_pool(weights, pool, seeds, refused)
    return report_of(list(tqdm(scored, total=len(seeds), desc=pool.name))) | {"refused": refused}


def score_pool(
    weights: Path, pool: Path, seeds: Sequence[int], refused: dict[int, str]
) -> Iterator[HeadScore]:
    """Yield the score of each head, segmented on its own acquisition grid as in the image.

    In a head that the image refuses nothing is found; `refused` takes why.
    """
    facts = read_facts(weights)
    engine = open_engine(weights, os.environ)
    for seed in seeds:
        with np.load(pool / f"{seed}.npz") as arrays:
            image, affine = arrays["image"].astype(np.float32), arrays["affine_ras"]
            truth = arrays["truth"]
        found_on = on_heads(engine, facts, refused=partial(_note, refused, seed))
        found = found_on(image, affine)
        x, y, z = np.linalg.norm(affine[:3, :3], axis=0)
        yield score_head(seed, found, truth, (float(x), float(y), float(z)))


def _note(refused: dict[int, str], seed: int, refusal: NotForModel) -> None:
    refused[seed] = str(refusal)
