import numpy as np
import pytest

from meninx_models.infer.postprocess import head_depth_mm, keep_plausible
from meninx_models.preprocess import Volume

SIZE = 128


def _canvas() -> Volume:
    axis = np.arange(SIZE) - SIZE / 2
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij", sparse=True)
    return np.asarray(np.where(x**2 + y**2 + z**2 < 55**2, 0.4, 0.0), dtype=np.float32)


def _ball(centre: tuple[int, int, int], radius: float) -> Volume:
    i, j, k = np.meshgrid(*(np.arange(SIZE) - c for c in centre), indexing="ij", sparse=True)
    return np.asarray(np.clip(radius + 0.5 - np.sqrt(i**2 + j**2 + k**2), 0, 1), dtype=np.float32)


@pytest.fixture(scope="module")
def canvas() -> Volume:
    return _canvas()


def test_large_and_deep_findings_stay(canvas: Volume) -> None:
    share = _ball((64, 64, 90), 8)
    kept = keep_plausible(share, head_depth_mm(canvas), threshold=0.5, least_ml=0.1)
    assert np.array_equal(kept > 0.5, share > 0.5)


def test_specks_are_dropped_and_the_rest_kept(canvas: Volume) -> None:
    speck, lesion = _ball((40, 64, 64), 2), _ball((80, 64, 64), 6)
    kept = keep_plausible(
        np.maximum(speck, lesion), head_depth_mm(canvas), threshold=0.5, least_ml=0.1
    )
    assert np.array_equal(kept > 0.5, lesion > 0.5)


def test_findings_in_the_scalp_are_dropped(canvas: Volume) -> None:
    scalp = _ball((64, 64, 64 + 53), 4)
    assert not keep_plausible(scalp, head_depth_mm(canvas), threshold=0.5, least_ml=0.1).any()


def test_enclosed_necrosis_belongs_to_the_finding(canvas: Volume) -> None:
    whole = _ball((64, 64, 80), 9)
    shell = whole * (1 - _ball((64, 64, 80), 4))
    kept = keep_plausible(shell, head_depth_mm(canvas), threshold=0.5, least_ml=0.1)
    assert np.array_equal(kept > 0.5, whole > 0.5)


def test_nothing_found_stays_nothing(canvas: Volume) -> None:
    assert not keep_plausible(
        np.zeros_like(canvas), head_depth_mm(canvas), threshold=0.5, least_ml=0.1
    ).any()


def test_threshold_becomes_the_boundary(canvas: Volume) -> None:
    share = _ball((64, 64, 80), 8) * np.float32(0.4)
    kept = keep_plausible(share, head_depth_mm(canvas), threshold=0.3, least_ml=0.1)
    assert np.array_equal(kept > 0.5, share > 0.3)


def test_depth_counts_air_filled_sinuses_as_inside(canvas: Volume) -> None:
    hollow = canvas.copy()
    hollow[60:68, 60:68, 60:68] = 0
    assert head_depth_mm(hollow)[16, 16, 16] == pytest.approx(head_depth_mm(canvas)[16, 16, 16])
