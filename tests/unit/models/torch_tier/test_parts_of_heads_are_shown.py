from pathlib import Path

import numpy as np
import pytest
import torch

from meninx_models.data.boxes import Head, ready_heads
from meninx_models.data.sampler import Often, Part, Sampler

pytestmark = pytest.mark.torch

WINDOW = (32, 48, 32)
SHAPE = (48, 64, 64)


@pytest.fixture
def head(tmp_path: Path) -> Head:
    """Return a head with one voxel of lesion, near a corner of its box."""
    image, truth = np.full(SHAPE, 0.5, np.float16), np.zeros(SHAPE, np.float16)
    truth[12:16, 50:54, 30:34] = 1
    np.save(tmp_path / "image.npy", image)
    np.save(tmp_path / "truth.npy", truth)
    return Head(1, tmp_path / "image.npy", tmp_path / "truth.npy", 0.001)


def test_windows_asked_to_hold_a_lesion_do(head: Head) -> None:
    sampler = Sampler([head], 7)
    for step in range(30):
        image, share = sampler.at(step, 1, Part(WINDOW, 1.0))
        assert tuple(image.shape[2:]) == tuple(share.shape[2:]) == WINDOW
        assert share.sum() > 0


def test_windows_lie_anywhere_when_nothing_is_asked(head: Head) -> None:
    sampler = Sampler([head], 7)
    shown = [float(sampler.at(step, 1, Part(WINDOW, 0.0))[1].sum()) for step in range(40)]
    assert min(shown) == 0
    assert max(shown) > 0


def test_window_of_a_step_depends_on_the_step_alone(head: Head) -> None:
    one, two = (Sampler([head], 7).at(3, 1, Part(WINDOW, 0.5))[0] for _ in range(2))
    assert torch.equal(one, two)


def test_some_heads_come_as_often_as_asked(cache: Path) -> None:
    heads = ready_heads(cache)
    largest = max(head.lesion_ml for head in heads)
    sampler = Sampler(heads, 7)
    often = Often(largest, largest, 0.9)
    shown = [sampler.head(step, often).lesion_ml for step in range(200)]
    assert 170 < sum(ml == largest for ml in shown) < 200


def test_without_heads_of_that_kind_all_come_in_turn(cache: Path) -> None:
    heads = ready_heads(cache)
    sampler, none = Sampler(heads, 7), Often(1e6, 1e7, 1.0)
    shown = {sampler.head(step, none).seed for step in range(len(heads))}
    assert shown == {head.seed for head in heads}
