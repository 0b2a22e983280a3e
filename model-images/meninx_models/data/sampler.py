"""The heads of training, in an order and with changes that depend on the seed and step alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from meninx_models.data.boxes import Head


@dataclass(frozen=True)
class Part:
    """What a network that sees windows is shown of a head."""

    window: tuple[int, int, int]
    lesion_share: float
    """How many of the windows hold a lesion, where the head has one."""


@dataclass(frozen=True)
class Often:
    """Heads that are shown more often than the others: those with so much lesion in all."""

    least_ml: float
    most_ml: float
    share: float


class Sampler:
    """Gives the head of each step; stateless, so a resumed run sees what it would have seen."""

    def __init__(self, heads: Sequence[Head], seed: int) -> None:
        self._heads = tuple(heads)
        self._seed = seed

    def __len__(self) -> int:
        """Return how many heads there are."""
        return len(self._heads)

    def at(
        self, step: int, millimetres: int, part: Part | None = None, often: Often | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return image and lesion share (1, 1, x, y, z) of a step: a whole head, or a part of it."""
        rng = np.random.default_rng([self._seed, step])
        pair = self.head(step, often).load()
        image, share = (torch.from_numpy(array)[None, None].float() for array in pair)
        if millimetres > 1:
            image, share = (functional.avg_pool3d(t, millimetres) for t in (image, share))
        image, share = _changed(image, share, rng, millimetres)
        return (image, share) if part is None else _cut(image, share, part, rng)

    def head(self, step: int, often: Often | None) -> Head:
        """Return each head once an epoch, but for the steps that some take more often."""
        epoch, place = divmod(step, len(self._heads))
        if often is not None:
            rng = np.random.default_rng([self._seed, step, 2])
            some = [
                head for head in self._heads if often.least_ml <= head.lesion_ml <= often.most_ml
            ]
            if some and rng.random() < often.share:
                return some[int(rng.integers(len(some)))]
        order = np.random.default_rng([self._seed, epoch, 1]).permutation(len(self._heads))
        return self._heads[int(order[place])]


def _cut(
    image: Tensor, share: Tensor, part: Part, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Return a window around a voxel of a lesion, or anywhere; it never leaves the box."""
    inside = torch.nonzero(share[0, 0] > 0.5)
    wanted, place = rng.random() < part.lesion_share, rng.random(4)
    low = []
    for axis, (size, edge) in enumerate(zip(image.shape[2:], part.window, strict=True)):
        first = place[axis] * (size - edge)
        if wanted and len(inside):
            voxel = int(inside[int(place[3] * len(inside)), axis])
            first = voxel - edge * (0.25 + 0.5 * place[axis])
        low.append(round(min(max(first, 0), size - edge)))
    x, y, z = (slice(a, a + edge) for a, edge in zip(low, part.window, strict=True))
    return image[:, :, x, y, z], share[:, :, x, y, z]


def _changed(
    image: Tensor, share: Tensor, rng: np.random.Generator, millimetres: int
) -> tuple[Tensor, Tensor]:
    if rng.random() < 0.5:
        image, share = image.flip(2), share.flip(2)
    shift = [int(value) for value in rng.integers(-8, 9, 3) // millimetres]
    image, share = (torch.roll(t, shift, (2, 3, 4)) for t in (image, share))
    image = image.pow(float(rng.uniform(0.8, 1.25))) * float(rng.uniform(0.85, 1.15))
    if rng.random() < 0.3:
        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        sigma = float(rng.uniform(0.005, 0.02))
        image = image + sigma * torch.randn(image.shape, generator=generator)
    return image.clamp(0, 1), share
