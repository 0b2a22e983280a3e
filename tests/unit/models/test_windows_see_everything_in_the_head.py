import numpy as np
import pytest

from meninx_models.infer.predict import Mode, mode_of, predict
from meninx_models.infer.window import blend, gaussian, windows_of
from meninx_models.preprocess import BOX, Volume

WINDOW = (96, 96, 96)
SIZES = {
    "head box": BOX,
    "whole canvas": (256, 256, 256),
    "smaller than a window": (40, 40, 12),
    "one voxel more": (97, 96, 96),
    "long and thin": (300, 96, 17),
}


@pytest.mark.parametrize("shape", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5])
def test_every_voxel_is_seen_by_a_window(shape: tuple[int, int, int], overlap: float) -> None:
    padded = tuple(max(n, w) for n, w in zip(shape, WINDOW, strict=True))
    seen = np.zeros(padded, np.uint8)
    for place in windows_of(padded, WINDOW, overlap):
        assert seen[place].shape == WINDOW
        seen[place] = 1
    assert seen.all()


def _head(shape: tuple[int, int, int]) -> Volume:
    axes = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij", sparse=True)
    return np.asarray(sum(axis**2 for axis in axes) < 1, dtype=np.float32)


def test_lesion_anywhere_in_the_head_is_found() -> None:
    """A single bright voxel, wherever it is, comes through the blending at its own place."""
    head = _head((70, 90, 80))
    rng = np.random.default_rng(4)
    inside = np.argwhere(head > 0)
    ends = [inside[np.argmin(inside[:, a])] for a in range(3)]
    ends += [inside[np.argmax(inside[:, a])] for a in range(3)]
    for place in [*ends, *rng.choice(inside, 20)]:
        volume = 0.3 * head
        volume[tuple(place)] = 1.0
        share = blend(lambda w: w, volume, (32, 32, 32), occupied=head > 0)
        assert np.unravel_index(np.argmax(share), share.shape) == tuple(place)
        assert share[tuple(place)] == pytest.approx(1.0)


@pytest.mark.parametrize("shape", [(40, 40, 12), (70, 50, 33), (32, 32, 32)], ids=str)
def test_blending_what_is_the_same_changes_nothing(shape: tuple[int, int, int]) -> None:
    volume = np.random.default_rng(5).random(shape).astype(np.float32)
    share = blend(lambda w: w, volume, (32, 32, 32), occupied=volume > 0)
    assert share.shape == shape
    assert np.allclose(share, volume, atol=1e-6)


def test_windows_with_only_air_are_not_asked() -> None:
    occupied = np.zeros((96, 32, 32), bool)
    occupied[:20] = True
    asked: list[int] = []

    def count(window: Volume) -> Volume:
        asked.append(1)
        return window + 1

    share = blend(count, np.zeros(occupied.shape, np.float32), (32, 32, 32), occupied=occupied)
    assert len(asked) == 1
    assert share[:32].min() == 1
    assert share[32:].max() == 0


def test_middle_of_a_window_counts_most_and_its_edge_a_little() -> None:
    weight = gaussian((32, 48, 16))
    assert weight.max() == weight[16, 24, 8] == 1
    assert 0 < weight.min() < 0.01


class Doubled:
    def probabilities(self, window: Volume, /) -> Volume:
        answer = window.copy()
        answer[0] += 1
        return answer


@pytest.mark.parametrize("window", [None, (32, 32, 32)], ids=["whole", "windows"])
def test_mirrored_head_is_turned_back_before_the_mean(window: tuple[int, int, int] | None) -> None:
    box = np.random.default_rng(6).random((32, 32, 32)).astype(np.float32)
    found = predict(Doubled(), box, Mode(window, flips=True), np.ones(box.shape, bool))
    assert np.allclose(found.share[1:-1], box[1:-1], atol=1e-6)
    assert np.allclose(found.share[[0, -1]], box[[0, -1]] + 0.5, atol=1e-6)


def test_mode_follows_the_graph_then_the_wish() -> None:
    assert mode_of(None, {}) == Mode()
    assert mode_of(WINDOW, {"MENINX_FLIPS": "1"}) == Mode(WINDOW, flips=True)
    assert mode_of(None, {"MENINX_WINDOW": "64"}).window == (64, 64, 64)
    assert mode_of(WINDOW, {"MENINX_WINDOW": "64"}).window == WINDOW
    assert mode_of(None, {}, 4 << 30) == Mode()
    assert mode_of(None, {}, 512 << 20).window == (96, 96, 96)
    with pytest.raises(ValueError, match="multiple of 16"):
        mode_of(None, {"MENINX_WINDOW": "50"})
