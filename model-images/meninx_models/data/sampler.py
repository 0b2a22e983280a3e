"""The heads of training, in an order and with changes that depend on the seed and step alone."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from meninx_models.data.boxes import Head


class Sampler:
    """Gives the head of each step; stateless, so a resumed run sees what it would have seen."""

    def __init__(self, heads: Sequence[Head], seed: int) -> None:
        self._heads = tuple(heads)
        self._seed = seed

    def __len__(self) -> int:
        """Return how many heads there are."""
        return len(self._heads)

    def at(self, step: int, millimetres: int) -> tuple[Tensor, Tensor]:
        """Return image and lesion share (1, 1, x, y, z) of a step."""
        rng = np.random.default_rng([self._seed, step])
        epoch, place = divmod(step, len(self._heads))
        order = np.random.default_rng([self._seed, epoch, 1]).permutation(len(self._heads))
        pair = self._heads[order[place]].load()
        image, share = (torch.from_numpy(array)[None, None].float() for array in pair)
        if millimetres > 1:
            image, share = (functional.avg_pool3d(t, millimetres) for t in (image, share))
        return _changed(image, share, rng, millimetres)


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
