"""The processes of one training: alone, or started by torchrun on one device each."""

import datetime as dt
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, distributed

from meninx_models.data.changed import Place

PATIENCE = dt.timedelta(hours=4)
"""The others wait so long for the first to look at the data and prepare it."""


@contextmanager
def joined() -> Iterator[Place]:
    """Join the processes that torchrun started, for as long as the training lasts."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Place()
        return
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend, timeout=PATIENCE)
    try:
        yield Place(distributed.get_rank(), world)
    finally:
        distributed.destroy_process_group()


def own_device() -> torch.device:
    """Return this process' GPU, or the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(device)
    return device


def mean_over(place: Place, values: Tensor) -> list[float]:
    """Return the mean of each value over the processes, the same in each of them."""
    if place.world > 1:
        values = values.detach().clone()
        distributed.all_reduce(values)
        values /= place.world
    return [float(value) for value in values]


@contextmanager
def on_sigterm(act: Callable[[], None]) -> Iterator[None]:
    """Do something when this process is asked to end, in place of ending at once."""
    before = signal.signal(signal.SIGTERM, lambda *_: act())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def gathered(place: Place, values: dict[int, float]) -> dict[int, float]:
    """Return what all processes found, the same in each."""
    if place.world == 1:
        return values
    found: list[Any] = [None] * place.world
    distributed.all_gather_object(found, values)
    return {key: value for part in found for key, value in part.items()}


def told_by_first(place: Place, value: Any) -> Any:
    """Return what the first process says."""
    if place.world == 1:
        return value
    box = [value]
    distributed.broadcast_object_list(box, src=0)
    return box[0]
