"""The best epoch of a run: as a function on volumes, and as files to be deployed."""

import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn

from meninx_models.config import GridInput, Plan
from meninx_models.data.layouts import Pair
from meninx_models.data.prepared import on_own_grid
from meninx_models.evaluate.predict import (
    Predictor,
    add_input,
    on_grids,
    on_heads,
)
from meninx_models.export import CHECK_EDGES, check, export_network
from meninx_models.infer.artefact import GRAPH_FILE, Facts
from meninx_models.networks import AtOneMillimetre
from meninx_models.preprocess import Volume, to_box
from meninx_models.train import checkpoint
from meninx_models.train.network import Size, new_network, window_of
from meninx_models.train.processes import own_device
from meninx_models.train.run import BEST


class Torch:
    """A network in the place of the image's engine."""

    def __init__(self, whole: AtOneMillimetre) -> None:
        self._whole, self._device = whole, own_device()

    def probabilities(self, window: Volume, /) -> Volume:
        """Return the probability of lesion for each voxel."""
        values = torch.from_numpy(np.ascontiguousarray(window))[None, None].to(self._device)
        with torch.inference_mode():
            found = torch.sigmoid(self._whole.logits(values))
        return np.asarray(found[0, 0].float().cpu().numpy())


def best_of(plan: Plan, folder: Path) -> AtOneMillimetre:
    """Return the network of the best epoch, at the resolution of its input."""
    network = new_network(plan)
    state = checkpoint.load(folder / BEST)
    if state is None:
        raise FileNotFoundError(folder / BEST)
    network.load_state_dict(state)
    whole = AtOneMillimetre(network, millimetres_of(plan))
    whole.to(own_device()).eval()
    return whole


def millimetres_of(plan: Plan) -> int:
    """Return how many voxels of its input the network takes as one."""
    return 1 if isinstance(plan.input, GridInput) else plan.input.millimetres


def facts_of(plan: Plan) -> Facts:
    """Return the facts of a plan's export before its graph is written."""
    window, millimetres = window_of(plan), millimetres_of(plan)
    return Facts(
        plan.name, plan.version, plan.network, millimetres, plan.threshold,
        plan.least_component_ml, "", window and _times(window, millimetres),
    )  # fmt: skip


def _times(window: Size, millimetres: int) -> Size:
    x, y, z = window
    return x * millimetres, y * millimetres, z * millimetres


def predictor(plan: Plan, whole: nn.Module) -> Predictor:
    """Return what finds lesions on an image as it was stored."""
    engine = Torch(whole)
    if isinstance(plan.input, GridInput):
        return on_grids(engine, facts_of(plan), plan.input)
    return on_heads(engine, facts_of(plan))


def export(plan: Plan, whole: AtOneMillimetre, folder: Path, pair: Pair) -> Facts:
    """Write graph, facts and stored check; `pair` is what the graph is checked on.

    Raises ValueError when the graph answers otherwise than torch.
    """
    whole = whole.cpu().eval()
    box = _box(plan, pair)
    with warnings.catch_warnings():
        # instance norm takes its statistics from the input, in training and after
        warnings.filterwarnings("ignore", message="ONNX export mode is set to TrainingMode.EVAL")
        facts = export_network(whole, folder, facts_of(plan), box)
    edge = CHECK_EDGES[facts.millimetres]
    parity = check(whole, folder / GRAPH_FILE, box, facts.window, (edge, edge, edge))
    if not parity.agrees:
        raise ValueError(
            f"{folder / GRAPH_FILE} differs from torch by {parity.window_logit:.1e} in its logits, "
            f"and clearly in {parity.clear_flips} voxels of a whole head's mask"
        )
    if isinstance(plan.input, GridInput):
        add_input(folder, plan.input)
    return facts


def _box(plan: Plan, pair: Pair) -> Volume:
    if isinstance(plan.input, GridInput):
        return on_own_grid(pair.image, pair.image_affine, plan.input)
    return to_box(pair.image, pair.image_affine).values
