"""The picture of a result: three planes through the largest lesion with the contour drawn in."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from meninx.imaging.geometry import Grid
from meninx.imaging.measure import LabelMap

WARNING = "machine-made, not for clinical use"
PANEL_PIXELS = 420
_TEXT_HEIGHT = 60
_LOW, _HIGH = 1.0, 99.5
_CONTOUR = np.asarray([255, 64, 64], dtype=np.uint8)
Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class View:
    """A plane as a radiologist looks at it: directions of the picture's axes in LPS."""

    name: str
    right: tuple[float, float, float]
    down: tuple[float, float, float]
    marks: tuple[str, str]
    """Letters at the picture's left and right edge."""


VIEWS = (
    View("axial", (1, 0, 0), (0, 1, 0), ("R", "L")),
    View("coronal", (1, 0, 0), (0, 0, -1), ("R", "L")),
    View("sagittal", (0, 1, 0), (0, 0, -1), ("A", "P")),
)


@dataclass(frozen=True)
class Panel:
    """One plane: grey values 0 to 255 and the mask on it, both as (row, column)."""

    view: View
    grey: Picture
    mask: npt.NDArray[np.bool_]


def panel(
    volume: npt.NDArray[np.float32],
    labels: LabelMap,
    grid: Grid,
    *,
    view: View,
    centre: Sequence[float],
    window: tuple[float, float],
) -> Panel:
    """Cut one plane through a place (index on the grid), square pixels, the whole head in it."""
    corner, side = _frame(grid)
    middle = grid.affine_lps[:3, :3] @ np.asarray(centre) + grid.affine_lps[:3, 3]
    steps = (np.arange(PANEL_PIXELS) + 0.5) / PANEL_PIXELS * side
    right, down = np.asarray(view.right), np.asarray(view.down)
    start = middle + right * (_low(corner, side, right) - middle @ right)
    start = start + down * (_low(corner, side, down) - middle @ down)
    places = start + steps[:, None, None] * down + steps[None, :, None] * right
    to_index = np.linalg.inv(grid.affine_lps)
    index = (places @ to_index[:3, :3].T + to_index[:3, 3]).transpose(2, 0, 1)
    grey = ndimage.map_coordinates(volume, index, order=1, cval=window[0])
    mask = ndimage.map_coordinates(labels, index, order=0, cval=0) > 0
    scaled = np.clip((grey - window[0]) / max(window[1] - window[0], 1e-6), 0, 1) * 255
    return Panel(view, scaled.astype(np.uint8), mask)


def _frame(grid: Grid) -> tuple[npt.NDArray[np.float64], float]:
    """Return the middle of the volume in LPS and the side of the square that holds all of it."""
    ends = np.asarray(grid.shape, dtype=np.float64) - 1
    corners = np.asarray([(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * ends
    places = corners @ grid.affine_lps[:3, :3].T + grid.affine_lps[:3, 3]
    return (places.min(axis=0) + places.max(axis=0)) / 2, float(np.ptp(places, axis=0).max())


def _low(middle: npt.NDArray[np.float64], side: float, direction: npt.NDArray[np.float64]) -> float:
    return float(middle @ direction) - side / 2


def window_of(volume: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Return the grey window by robust percentiles of what is not air."""
    sample = volume[::2, ::2, ::2]
    tissue = sample[sample > np.percentile(sample, 20)]
    values = tissue if tissue.size else sample
    low, high = np.percentile(values, [_LOW, _HIGH])
    return float(low), float(high)


def draw(panels: Sequence[Panel], caption: str) -> Image.Image:
    """Return the panels side by side with the caption and the warning under them."""
    picture = Image.new("RGB", (PANEL_PIXELS * len(panels), PANEL_PIXELS + _TEXT_HEIGHT))
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=18)
    for number, one in enumerate(panels):
        left = number * PANEL_PIXELS
        picture.paste(Image.fromarray(_with_contour(one)), (left, 0))
        pen.text((left + 6, PANEL_PIXELS // 2), one.view.marks[0], fill="yellow", font=font)
        pen.text(
            (left + PANEL_PIXELS - 20, PANEL_PIXELS // 2),
            one.view.marks[1],
            fill="yellow",
            font=font,
        )
        pen.text((left + 6, 4), one.view.name, fill="white", font=font)
    pen.text((8, PANEL_PIXELS + 6), caption, fill="white", font=font)
    pen.text((8, PANEL_PIXELS + 32), WARNING, fill="orange", font=font)
    return picture


def _with_contour(one: Panel) -> Picture:
    coloured = np.repeat(one.grey[:, :, None], 3, axis=2)
    inside = ndimage.binary_erosion(one.mask, iterations=2, border_value=0)
    coloured[one.mask & ~inside] = _CONTOUR
    return coloured


def write_preview(
    path: Path,
    volume: npt.NDArray[np.float32],
    labels: LabelMap,
    grid: Grid,
    *,
    centre: Sequence[float] | None,
    caption: str,
) -> None:
    """Write the picture as PNG; without a lesion the planes go through the volume's middle."""
    middle = centre if centre is not None else [(size - 1) / 2 for size in grid.shape]
    window = window_of(volume)
    panels = [
        panel(volume, labels, grid, view=view, centre=middle, window=window) for view in VIEWS
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    draw(panels, caption).save(path)
