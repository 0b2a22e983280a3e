"""Pairs as the network sees them, made once and kept as arrays."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from meninx_models.config import GridInput, HeadInput, Plan
from meninx_models.contract import NotFinite, NotForModel
from meninx_models.data.layouts import Case, DataUnusable, Pair, read_pair
from meninx_models.data.pairs import Labels, Looked, unchanged
from meninx_models.preprocess import BOX, Affine, Volume, resample, to_canvas

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Prepared:
    """One case on the network's grid, in files."""

    case: str
    image: Path
    share: Path

    def load(self) -> tuple[Array, Array]:
        """Return intensities in [0, 1] and each voxel's share of lesion."""
        return np.load(self.image).astype(np.float32), np.load(self.share).astype(np.float32)


def shape_of(plan: Plan) -> tuple[int, ...]:
    """Return the shape of what the network is trained on, before patches."""
    if isinstance(plan.input, GridInput):
        return plan.input.shape
    return tuple(size // plan.input.millimetres for size in BOX)


def prepare(
    folder: Path, plan: Plan, labels: Labels, cases: Sequence[tuple[Case, Looked]]
) -> list[Prepared]:
    """Prepare those that aren't yet; their names hold what they were made of."""
    folder.mkdir(parents=True, exist_ok=True)
    ready = []
    for case, looked in cases:
        stem = _stem(plan, labels, looked)
        item = Prepared(case.name, folder / f"{stem}.image.npy", folder / f"{stem}.share.npy")
        if not item.share.is_file():
            _write(item, unchanged(case, looked), plan, labels)
        ready.append(item)
    return ready


def _stem(plan: Plan, labels: Labels, looked: Looked) -> str:
    made_of = json.dumps([looked.files_sha256, plan.input.model_dump(), labels.lesion])
    return f"{looked.case}-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}"


def _write(item: Prepared, case: Case, plan: Plan, labels: Labels) -> None:
    pair = read_pair(case)
    lesion = np.isin(pair.label, labels.lesion).astype(np.float32)
    try:
        image, share = on_grid(pair, lesion, plan.input)
    except (NotForModel, NotFinite) as refusal:
        told = f"a case can't be used ({refusal.reason})"
        raise DataUnusable(told, names=f"{case.name}: {refusal}") from refusal
    for path, array in ((item.image, image), (item.share, share)):
        aside = path.with_name(f".{path.name}.part.npy")
        np.save(aside, array.astype(np.float16))
        aside.replace(path)


def on_grid(pair: Pair, lesion: Array, asked: HeadInput | GridInput) -> tuple[Array, Array]:
    """Return image and lesion share on the network's grid. Raises NotForModel, NotFinite."""
    if isinstance(asked, HeadInput):
        canvas = to_canvas(pair.image, pair.image_affine, BOX)
        share = resample(lesion, pair.image_affine, canvas.affine_ras, BOX)
        return _coarser(canvas.values, asked.millimetres), _coarser(share, asked.millimetres)
    affine = grid_affine(pair.image.shape, pair.image_affine, asked)
    image = on_own_grid(pair.image, pair.image_affine, asked)
    return image, resample(lesion, pair.image_affine, affine, asked.shape)


def on_own_grid(image: Volume, affine_ras: Affine, asked: GridInput) -> Volume:
    """Return an image on a grid around its own centre, its percentiles at 0 and 1."""
    low, high = (float(value) for value in np.percentile(image, asked.percentiles))
    if high <= low:
        raise NotForModel("the image has no signal between the percentiles that are asked for")
    affine = grid_affine(image.shape, affine_ras, asked)
    values = resample(image - np.float32(low), affine_ras, affine, asked.shape)
    return np.asarray(np.clip(values / np.float32(high - low), 0, 1))


def grid_affine(shape: tuple[int, ...], affine_ras: Affine, asked: GridInput) -> Affine:
    """Return the RAS affine of a grid around the centre of an image."""
    centre = affine_ras[:3, :3] @ ((np.array(shape) - 1) / 2) + affine_ras[:3, 3]
    affine = np.diag([asked.spacing_mm] * 3 + [1.0])
    affine[:3, 3] = centre - asked.spacing_mm * (np.array(asked.shape) - 1) / 2
    return affine


def _coarser(array: Volume, millimetres: int) -> Volume:
    if millimetres == 1:
        return array
    x, y, z = (size // millimetres for size in array.shape)
    blocks = array.reshape(x, millimetres, y, millimetres, z, millimetres)
    return np.asarray(blocks.mean(axis=(1, 3, 5)), dtype=np.float32)
