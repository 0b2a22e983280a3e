"""The preview: radiological orientation, right aspect ratio and a contour, for any acquisition."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from tests.support.results import PLANES, ball, points_lps, slices, source_of_datasets

from meninx.imaging.geometry import Grid
from meninx.imaging.preview import (
    PANEL_PIXELS,
    VIEWS,
    WARNING,
    Panel,
    draw,
    panel,
    window_of,
    write_preview,
)

MARKER = (12.0, -8.0, 6.0)
"""Left, anterior and superior of the middle."""
EXPECTED = {"axial": (1, -1), "coronal": (1, -1), "sagittal": (-1, -1)}
"""Where the marker must lie of the picture's middle: (right +, down +)."""


def grid_of(plane: str) -> Grid:
    orientation = PLANES[plane]
    row, column = np.asarray(orientation[:3]), np.asarray(orientation[3:])
    axes = np.stack([row, column, np.cross(row, column) * 3])
    origin = tuple(-np.asarray([30, 30, 10]) @ axes)
    made = slices((60, 60, 20), spacing_mm=(1, 1, 3), orientation=orientation, origin_lps=origin)
    return source_of_datasets(made).grid


def head(grid: Grid) -> npt.NDArray[np.float32]:
    away = np.linalg.norm(points_lps(grid), axis=-1)
    return np.where(away < 25, 300, 0).astype(np.float32)


def panels(plane: str) -> list[Panel]:
    grid = grid_of(plane)
    labels = ball(grid, MARKER, 4)
    centre = np.linalg.inv(grid.affine_lps) @ (*MARKER, 1)
    return [
        panel(head(grid), labels, grid, view=view, centre=centre[:3].tolist(), window=(0, 300))
        for view in VIEWS
    ]


@pytest.mark.parametrize("plane", PLANES, ids=str)
def test_lesion_lies_on_the_side_a_radiologist_expects(plane: str) -> None:
    for one in panels(plane):
        down, right = np.argwhere(one.mask).mean(axis=0) - PANEL_PIXELS / 2
        assert (np.sign(right), np.sign(down)) == EXPECTED[one.view.name]


@pytest.mark.parametrize("plane", PLANES, ids=str)
def test_round_head_stays_round_whatever_the_spacing(plane: str) -> None:
    for one in panels(plane):
        rows, columns = np.argwhere(one.grey > 128).T
        assert abs(np.ptp(rows) / np.ptp(columns) - 1) < 0.15


def test_contour_is_drawn_and_the_lesion_stays_visible() -> None:
    picture = np.asarray(draw(panels("axial"), "caption"))[:PANEL_PIXELS, :PANEL_PIXELS]
    red = np.all(picture == (255, 64, 64), axis=-1)
    mask = panels("axial")[0].mask
    assert red.any()
    assert not red[~mask].any()
    assert (mask & ~red).sum() > red.sum() / 4


def test_picture_is_written_with_and_without_a_lesion(tmp_path: Path) -> None:
    grid = grid_of("axial")
    nothing = np.zeros(grid.shape, np.uint8)
    for name, labels, centre in (
        ("healthy", nothing, None),
        ("lesion", ball(grid, MARKER, 4), (42, 22, 12)),
    ):
        path = tmp_path / f"{name}.png"
        write_preview(path, head(grid), labels, grid, centre=centre, caption="U-Net 1.0, 1.2 mL")
        with Image.open(path) as picture:
            assert picture.size[0] == 3 * PANEL_PIXELS
            assert picture.getbbox() is not None


def test_window_is_not_led_by_one_bright_voxel() -> None:
    volume = head(grid_of("axial"))
    volume[30, 30, 10] = 30000
    low, high = window_of(volume)
    assert 0 <= low <= 300
    assert high <= 300


def test_flat_volume_makes_a_picture_and_no_error(tmp_path: Path) -> None:
    grid = grid_of("axial")
    flat, nothing = np.zeros(grid.shape, np.float32), np.zeros(grid.shape, np.uint8)
    write_preview(tmp_path / "flat.png", flat, nothing, grid, centre=None, caption="nothing")
    assert (tmp_path / "flat.png").stat().st_size > 1000


def test_every_preview_says_that_it_is_no_clinical_document() -> None:
    assert "machine-made" in WARNING
    assert "not for clinical use" in WARNING
