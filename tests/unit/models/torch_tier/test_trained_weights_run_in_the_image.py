"""What was trained on heads is what the image's engine runs, at 1 mm and at 2 mm."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.unit.models.heads import RAS, head

from meninx_models.config import resolve
from meninx_models.data.layouts import Pair
from meninx_models.infer.artefact import read_facts
from meninx_models.infer.engine import open_engine
from meninx_models.infer.segment import segment
from meninx_models.networks import AtOneMillimetre
from meninx_models.train.network import new_network
from meninx_models.train.weights import Torch, export, millimetres_of

pytestmark = [
    pytest.mark.torch,
    # torch announces the end of tracing, by which the exporter works
    pytest.mark.filterwarnings("ignore"),
]
ONE_CORE = {"INFERENCE_NUM_THREADS": "1", "MENINX_PRECISION": "f32"}
PLANS: dict[str, dict[str, Any]] = {
    "at 2 mm": {"input": {"kind": "head", "millimetres": 2}},
    "by windows": {
        "input": {"kind": "head", "millimetres": 2},
        "patch": {"shape": [64, 64, 64]},
    },
}


@pytest.mark.parametrize("asked", PLANS.values(), ids=PLANS)
def test_image_looks_as_the_trained_network_does(tmp_path: Path, asked: dict[str, Any]) -> None:
    torch.set_num_threads(1)
    plan = resolve({"preset": "quick", **asked})
    image, lesion = head()
    pair = Pair(image, RAS, lesion.astype(np.float32), RAS)
    whole = AtOneMillimetre(new_network(plan), millimetres_of(plan))
    whole.eval()
    facts = export(plan, whole, tmp_path, pair)
    assert facts.window == ((128, 128, 128) if plan.patch else None)
    assert facts == read_facts(tmp_path)
    here, there = (
        segment(engine, facts, image, RAS).share
        for engine in (Torch(whole), open_engine(tmp_path, ONE_CORE))
    )
    assert here.max() > 0.4
    assert np.abs(here - there).max() < 0.01
