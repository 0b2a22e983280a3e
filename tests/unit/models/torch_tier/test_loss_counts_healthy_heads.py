from pathlib import Path

import pytest
import torch

from meninx_models.data.boxes import ready_heads
from meninx_models.data.sampler import Sampler
from meninx_models.train.loss import segmentation_loss

pytestmark = pytest.mark.torch


def _truth() -> torch.Tensor:
    share = torch.zeros(1, 1, 16, 16, 16)
    share[..., 4:10, 4:10, 4:10] = 1
    return share


def test_right_answer_costs_next_to_nothing() -> None:
    assert segmentation_loss(40 * _truth() - 20, _truth(), 1) < 1e-3


def test_false_find_in_a_healthy_head_costs() -> None:
    healthy = torch.zeros(1, 1, 16, 16, 16)
    clean = segmentation_loss(torch.full_like(healthy, -20.0), healthy, 1)
    false = segmentation_loss(40 * _truth() - 20, healthy, 1)
    assert clean < 1e-3
    assert false > 0.3


def test_missed_lesion_costs_more_than_a_found_one() -> None:
    missed = segmentation_loss(torch.full((1, 1, 16, 16, 16), -5.0), _truth(), 1)
    assert missed > segmentation_loss(10 * _truth() - 5, _truth(), 1)


def test_step_decides_what_is_seen(cache: Path) -> None:
    one, two = (Sampler(ready_heads(cache), 7).at(5, 1) for _ in range(2))
    other = Sampler(ready_heads(cache), 7).at(6, 1)
    assert torch.equal(one[0], two[0])
    assert not torch.equal(one[0], other[0])


def test_each_epoch_sees_every_head_once(cache: Path) -> None:
    sampler = Sampler(ready_heads(cache), 7)
    volumes = sorted(float(sampler.at(step, 1)[1].sum()) for step in range(3, 6))
    assert volumes == sorted(float(head.lesion_ml) * 1000 for head in ready_heads(cache))
