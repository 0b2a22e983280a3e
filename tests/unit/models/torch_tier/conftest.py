"""These tests run in the training environment; elsewhere they aren't collected at all."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

if importlib.util.find_spec("torch") is None:
    collect_ignore_glob = ["test_*.py"]

SIZE = 32


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Return a cache of three tiny prepared heads, one of them healthy."""
    rng = np.random.default_rng(0)
    for seed in (1, 2, 3):
        truth = np.zeros((SIZE,) * 3, np.float16)
        if seed < 3:
            truth[8:20, 8:20, 8 : 20 + seed] = 1
        image = (0.3 + 0.5 * truth + 0.02 * rng.standard_normal(truth.shape)).astype(np.float16)
        np.save(tmp_path / f"{seed}.image.npy", image)
        np.save(tmp_path / f"{seed}.truth.npy", truth)
        facts = {"lesion_ml": float(truth.sum()) / 1000}
        (tmp_path / f"{seed}.json").write_text(json.dumps(facts))
    return tmp_path
