"""Pool phantoms through the image's own preprocessing, kept as arrays of the network's box."""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt

from meninx_models.preprocess import BOX, resample, to_canvas


@dataclass(frozen=True)
class Head:
    """One head of the pool as written to the cache."""

    seed: int
    image: Path
    truth: Path
    lesion_ml: float

    def load(self) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.float16]]:
        """Return intensities and lesion shares on the network's box."""
        return np.load(self.image), np.load(self.truth)


def prepare_pool(pool: Path, cache: Path) -> Iterator[Head]:
    """Yield each head of a pool, preparing those that aren't in the cache yet."""
    cache.mkdir(parents=True, exist_ok=True)
    paths = sorted(pool.glob("*.npz"))
    missing = [path for path in paths if not (cache / f"{path.stem}.json").is_file()]
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as workers:
        made = workers.map(partial(_prepare, cache), missing)
        for path in paths:
            yield _head(cache, next(made) if path in missing else path.stem)


def ready_heads(cache: Path) -> list[Head]:
    """Return the heads that are in the cache, in order of their seed."""
    return [_head(cache, path.stem) for path in sorted(cache.glob("*.json"))]


def _head(cache: Path, stem: str) -> Head:
    facts = json.loads((cache / f"{stem}.json").read_text())
    return Head(
        int(stem), cache / f"{stem}.image.npy", cache / f"{stem}.truth.npy", facts["lesion_ml"]
    )


def _prepare(cache: Path, path: Path) -> str:
    with np.load(path) as arrays:
        image, affine = arrays["image"].astype(np.float32), arrays["affine_ras"]
        truth = arrays["truth"].astype(np.float32)
    canvas = to_canvas(image, affine, BOX)
    share = resample(truth, affine, canvas.affine_ras, BOX)
    np.save(cache / f"{path.stem}.image.npy", canvas.values.astype(np.float16))
    np.save(cache / f"{path.stem}.truth.npy", share.astype(np.float16))
    ml = float(truth.sum()) * abs(float(np.linalg.det(affine[:3, :3]))) / 1000
    aside = cache / f".{path.stem}.{os.getpid()}.part"
    aside.write_text(json.dumps({"lesion_ml": ml, "box_ml": float((share > 0.5).sum()) / 1000}))
    aside.replace(cache / f"{path.stem}.json")
    return path.stem
