"""These tests run in the training environment; elsewhere they aren't collected at all."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from tests.unit.models.torch_tier.fitting import Fitted, fit_here, write_plan
from tests.unit.models.volumes import write_pairs

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


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data set of twelve small pairs, two of them healthy."""
    return write_pairs(tmp_path_factory.mktemp("tiny") / "data")


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Fitted:
    """Return a run that was not disturbed."""
    folder = tmp_path_factory.mktemp("fitted")
    termination = folder / "end"
    termination.touch()
    done = fit_here(write_plan(folder), tiny, folder / "out", termination)
    assert done.returncode == 0, done.stderr
    return done
