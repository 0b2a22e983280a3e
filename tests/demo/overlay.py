"""The picture of the demo: three planes through the lesion, what was found beside the truth."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from tests.demo.study import Mask

FOUND, TRUTH = (255, 64, 64), (80, 220, 120)
SIZE = 384

Array = np.ndarray[Any, Any]


def write(path: Path, volume: Array, found: Mask, wanted: Mask, title: str) -> None:
    """Write three planes through the middle of the lesion, with both contours."""
    lesion = wanted if wanted.any() else found
    middle = [round(float(i.mean())) for i in np.nonzero(lesion)] if lesion.any() else None
    at = middle or [extent // 2 for extent in volume.shape]
    white = float(np.percentile(volume, 99.7)) or 1.0
    grey = np.clip(volume / white * 255, 0, 255).astype(np.uint8)
    sheet = Image.new("RGB", (3 * SIZE, SIZE + 28))
    for axis in (2, 1, 0):
        plane = _plane(grey, found, wanted, axis, at[axis])
        sheet.paste(plane, ((2 - axis) * SIZE, 28))
    _caption(sheet, title)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


def _plane(grey: Array, found: Mask, wanted: Mask, axis: int, index: int) -> Image.Image:
    def cut(array: Array) -> Array:
        # Rows of the picture are the plane's second axis; head up where slices ascend.
        flat: Array = np.take(array, index, axis=axis).T
        return flat if axis == 2 else flat[::-1]

    picture = np.stack([cut(grey)] * 3, axis=-1)
    picture[_edge(cut(wanted))] = TRUTH
    picture[_edge(cut(found))] = FOUND
    image = Image.fromarray(picture)
    scale = SIZE / max(image.size)
    image = image.resize([round(side * scale) for side in image.size], Image.Resampling.NEAREST)
    square = Image.new("RGB", (SIZE, SIZE))
    square.paste(image, ((SIZE - image.width) // 2, (SIZE - image.height) // 2))
    return square


def _edge(mask: Array) -> Array:
    """Return the voxels of a mask that touch its outside in the plane."""
    padded = np.pad(mask, 1)
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    edge: Array = mask & ~inside
    return edge


def _caption(sheet: Image.Image, title: str) -> None:
    draw = ImageDraw.Draw(sheet)
    draw.text((8, 8), title, fill=(230, 230, 230))
    draw.text((sheet.width - 330, 8), "found by the model", fill=FOUND)
    draw.text((sheet.width - 160, 8), "ground truth", fill=TRUTH)
