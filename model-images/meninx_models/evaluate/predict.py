"""A trained model on one image as it was stored: which of its voxels are lesion."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from scipy import ndimage

from meninx_models.config import GridInput
from meninx_models.contract import NotForModel
from meninx_models.data.prepared import grid_affine, on_own_grid
from meninx_models.evaluate.metrics import Mask
from meninx_models.infer.artefact import Facts, read_facts
from meninx_models.infer.engine import open_engine
from meninx_models.infer.predict import Looks, Mode, mode_of
from meninx_models.infer.segment import segment
from meninx_models.infer.window import blend
from meninx_models.preprocess import Affine, Volume, resample

INPUT_FILE = "input.json"
"""Beside weights that are not for whole heads: the grid that they were trained on."""
TOUCHING = np.ones((3, 3, 3), dtype=bool)
Predictor = Callable[[Volume, Affine], Mask]


def say_refused(refusal: NotForModel) -> None:
    """Say that a head counts as nothing found; its name stays where the data are."""
    print(f"a head is refused, and counts as nothing found: {refusal}", file=sys.stderr)  # noqa: T201


def on_heads(
    engine: Looks,
    facts: Facts,
    mode: Mode | None = None,
    *,
    refused: Callable[[NotForModel], None] = say_refused,
) -> Predictor:
    """Return what the image does with a head, to the mask; in one that it refuses nothing is found."""

    def found(image: Volume, affine_ras: Affine) -> Mask:
        try:
            return segment(engine, facts, image, affine_ras, mode=mode).labels > 0
        except NotForModel as refusal:
            refused(refusal)
            return np.zeros(image.shape, dtype=bool)

    return found


def on_grids(engine: Looks, facts: Facts, asked: GridInput) -> Predictor:
    """Return what is done with any volume: onto the grid, through the network, and back."""

    def found(image: Volume, affine_ras: Affine) -> Mask:
        values = on_own_grid(image, affine_ras, asked)
        if facts.window is None or facts.window == values.shape:
            share = engine.probabilities(values)
        else:
            share = blend(engine.probabilities, values, facts.window, occupied=values > 0)
        grid = grid_affine(image.shape, affine_ras, asked)
        mask = resample(share, grid, affine_ras, image.shape) > facts.threshold
        voxel_ml = abs(float(np.linalg.det(affine_ras[:3, :3]))) / 1000
        return without_specks(mask, facts.least_component_ml / voxel_ml)

    return found


def without_specks(mask: Mask, least_voxels: float) -> Mask:
    """Return a mask without its components of fewer voxels."""
    pieces, _ = ndimage.label(mask, TOUCHING)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return np.asarray((sizes >= max(least_voxels, 1))[pieces])


def add_input(weights: Path, asked: GridInput) -> None:
    """Say beside the weights on which grid they were trained."""
    (weights / INPUT_FILE).write_text(asked.model_dump_json(indent=2) + "\n")


def from_files(weights: Path, environment: Mapping[str, str]) -> tuple[Facts, Predictor]:
    """Return what weights in a folder do, on the best engine here."""
    facts, engine = read_facts(weights), open_engine(weights, environment)
    asked = weights / INPUT_FILE
    if asked.is_file():
        return facts, on_grids(engine, facts, GridInput.model_validate_json(asked.read_text()))
    return facts, on_heads(engine, facts, mode_of(facts.window, environment))
