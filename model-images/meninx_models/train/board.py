"""A run's figures for TensorBoard."""

from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter


class Board:
    """Writes each epoch once, also when the run was cut off and went back a little."""

    def __init__(self, folder: Path, begins_at: int) -> None:
        self._writer = SummaryWriter(str(folder), purge_step=begins_at + 1)

    def epoch(self, entry: dict[str, Any]) -> None:
        """Write one epoch's entry of the history."""
        for name in ("loss", "dice", "rate", "seconds"):
            if entry[name] is not None:
                self._writer.add_scalar(name, entry[name], entry["epoch"])
        self._writer.flush()

    def close(self) -> None:
        """Close the files."""
        self._writer.close()
