"""Many phantoms as plain arrays, for training: the same simulator as the demo's, no DICOM."""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from meninx.phantom.scanner import Acquisition, draw_acquisition
from meninx.phantom.simulate import Phantom, draw_lesion_count, simulate
from meninx.phantom.template import Template, load_template

Draw = Callable[[np.random.Generator], Acquisition]


@dataclass(frozen=True)
class Kind:
    """Of which head the phantoms of a pool are, and how they are scanned."""

    load: Callable[[], Template] = load_template
    draw: Draw = draw_acquisition


def write_pool(folder: Path, seeds: range, kind: Kind, *, processes: int = 1) -> Iterator[Path]:
    """Write `<seed>.npz` for each seed that isn't there yet, and yield each file in turn once it is.

    Holds `image` (float16, white matter near 1), `truth` (bool), `affine_ras` and `facts` (JSON).
    """
    folder.mkdir(parents=True, exist_ok=True)
    _begin(kind)
    if processes == 1:
        yield from (_make(folder, seed) for seed in seeds)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, context, _begin, (kind,)) as workers:
        yield from workers.map(partial(_make, folder), seeds)


_AT_HAND: list[tuple[Template, Draw]] = []
"""What a process makes its phantoms of."""


def _begin(kind: Kind) -> None:
    _AT_HAND[:] = [(kind.load(), kind.draw)]


def _make(folder: Path, seed: int) -> Path:
    path = folder / f"{seed}.npz"
    if not path.is_file():
        _write(draw_phantom(*_AT_HAND[0], seed), path)
    return path


def draw_phantom(template: Template, draw: Draw, seed: int) -> Phantom:
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
