"""What a step sees: cases in an order and with changes that depend on seed and epoch alone."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from meninx_models.choices import make_augmentation
from meninx_models.config import Plan
from meninx_models.data.prepared import Prepared

ORDER, CHANGE = 1, 2


@dataclass(frozen=True)
class Place:
    """Which process of how many this is."""

    rank: int = 0
    world: int = 1


class Epoch(Dataset[tuple[Tensor, Tensor]]):
    """The cases of one epoch by their place in it; stateless, so a resumed run sees the same."""

    def __init__(self, items: Sequence[Prepared], plan: Plan, epoch: int) -> None:
        self._items, self._plan, self._epoch = tuple(items), plan, epoch
        rng = np.random.default_rng([plan.seed, epoch, ORDER])
        self._order = rng.permutation(len(self._items))
        self._change = make_augmentation(plan.augmentation, plan.patch)

    def __len__(self) -> int:
        """Return how many cases there are."""
        return len(self._items)

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor]:
        """Return image and lesion share (1, x, y, z) of a place."""
        rng = np.random.default_rng([self._plan.seed, self._epoch, place, CHANGE])
        pair = self._items[int(self._order[place])].load()
        image, share = (torch.from_numpy(array)[None] for array in pair)
        self._change.set_random_state(seed=int(rng.integers(2**31)))
        with warnings.catch_warnings():
            # of a healthy head no patch can have a lesion in it: no news
            warnings.filterwarnings("ignore", message="Num foregrounds 0")
            changed = self._change({"image": image, "label": share})
        if isinstance(changed, list):
            changed = changed[0]
        return _plain(changed["image"]), _plain(changed["label"])


def _plain(tensor: Tensor) -> Tensor:
    return torch.as_tensor(tensor).as_subclass(Tensor).float().clamp(0, 1).contiguous()


@dataclass(frozen=True, eq=False)
class Piece:
    """What one process holds in memory at once: a part of a step, and how much it counts."""

    image: Tensor
    share: Tensor
    weight: float
    last: bool
    """Whether the step is complete after it."""


def pieces(epoch: Epoch, plan: Plan, place: Place, first_step: int) -> Iterator[Piece]:
    """Yield this process' pieces of an epoch's steps, from a step on.

    Weights are such that the mean over the processes is the mean over the step's cases, also where
    the last step has fewer cases than there are processes: those take one that counts nothing.
    """
    plans = list(_shares(len(epoch), plan, place, first_step))
    loader = DataLoader(
        epoch, batch_sampler=[list(indices) for indices, _, _ in plans],
        num_workers=plan.workers, persistent_workers=False,
    )  # fmt: skip
    for (image, share), (_, weight, last) in zip(loader, plans, strict=True):
        yield Piece(image, share, weight, last)


def _shares(
    count: int, plan: Plan, place: Place, first_step: int
) -> Iterator[tuple[tuple[int, ...], float, bool]]:
    for start in range(first_step * plan.batch, count, plan.batch):
        step = range(start, min(start + plan.batch, count))
        mine = step[place.rank :: place.world]
        if not mine:
            yield (step[0],), 0.0, True
            continue
        for begin in range(0, len(mine), plan.micro_batch):
            part = tuple(mine[begin : begin + plan.micro_batch])
            last = begin + plan.micro_batch >= len(mine)
            yield part, len(part) * place.world / len(step), last


def steps_in(count: int, plan: Plan) -> int:
    """Return how many steps an epoch has."""
    return -(-count // plan.batch)
