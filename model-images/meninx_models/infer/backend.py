"""What an engine must be able to do: the one interface to all of them."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Batch = npt.NDArray[np.float32]
"""(n, 1, x, y, z) at 1 mm."""


class Backend(Protocol):
    """A loaded graph."""

    def prepare(self, output: str, shape: tuple[int, ...]) -> Any:
        """Do what can be done before the values are there."""

    def run(self, output: str, batch: Batch) -> Batch:
        """Return the graph's `logits` or `probability`; valid until the next run."""
