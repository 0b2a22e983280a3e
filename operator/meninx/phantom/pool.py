"""Many phantoms as plain arrays, for training: the same simulator as the demo's, no DICOM."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from meninx.phantom.scanner import Acquisition, draw_acquisition
from meninx.phantom.simulate import Phantom, draw_lesion_count, simulate
from meninx.phantom.template import Template

Draw = Callable[[np.random.Generator], Acquisition]


def write_pool(
    template: Template,
    folder: Path,
    *,
    first_seed: int,
    count: int,
    draw: Draw = draw_acquisition,
) -> Iterator[Path]:
    """Write `<seed>.npz` for each seed that isn't there yet, and yield each file that is.

    Holds `image` (float16, white matter near 1), `truth` (bool), `affine_ras` and `facts` (JSON).
    """
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(first_seed, first_seed + count):
        path = folder / f"{seed}.npz"
        if not path.is_file():
            _write(draw_phantom(template, seed, draw), path)
        yield path


def draw_phantom(template: Template, seed: int, draw: Draw = draw_acquisition) -> Phantom:
    """Draw lesion count and acquisition from the seed too."""
    rng = np.random.default_rng([seed, 0])
    count, acquisition = draw_lesion_count(rng), draw(rng)
    return simulate(template, seed, lesions=count, acquisition=acquisition)


def _write(phantom: Phantom, path: Path) -> None:
    facts = {
        "seed": phantom.seed,
        "acquisition": asdict(phantom.acquisition),
        "lesions": [asdict(lesion) for lesion in phantom.lesions],
    }
    aside = path.with_suffix(f".{os.getpid()}.part")
    with aside.open("wb") as file:
        np.savez(
            file,
            image=phantom.image.astype(np.float16),
            truth=phantom.truth,
            affine_ras=phantom.grid.affine_ras,
            facts=np.array(json.dumps(facts)),
        )
    aside.replace(path)
