"""The log of a training of the shipped weights: the mean loss of every so many steps, as CSV and as a picture."""

import csv
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from matplotlib.figure import Figure

LOG_FILE, CURVES_FILE = "training.csv", "curves.png"
EVERY = 50


@dataclass(frozen=True)
class Entry:
    """What some steps came to; `step` is the last of them, over all stages."""

    step: int
    stage: str
    millimetres: int
    loss: float
    seconds: float
    """Of one step, on the mean."""


class Log:
    """Appends to a run's log; a run that goes on forgets what it will do again."""

    def __init__(self, folder: Path, done: int) -> None:
        self._path = folder / LOG_FILE
        write_log(self._path, [entry for entry in read_log(self._path) if entry.step <= done])
        self._losses: list[float] = []
        self._seconds: list[float] = []

    def add(self, stage: str, millimetres: int, step: int, loss: float, seconds: float) -> None:
        """Count one step."""
        self._losses.append(loss)
        self._seconds.append(seconds)
        if step % EVERY == 0:
            count = len(self._losses)
            mean, each = sum(self._losses) / count, sum(self._seconds) / count
            entry = Entry(step, stage, millimetres, round(mean, 5), round(each, 3))
            write_log(self._path, [*read_log(self._path), entry])
            self._losses.clear()
            self._seconds.clear()


def read_log(path: Path) -> list[Entry]:
    """Return the entries of a log; none where there is no file."""
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return [
            Entry(int(row["step"]), row["stage"], int(row["millimetres"]),
                  float(row["loss"]), float(row["seconds"]))
            for row in csv.DictReader(file)
        ]  # fmt: skip


def write_log(path: Path, entries: list[Entry]) -> None:
    """Write a log as a whole, aside first."""
    aside = path.with_name(f".{path.name}.part")
    with aside.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(Entry))
        writer.writerows(astuple(entry) for entry in entries)
    aside.replace(path)


def draw_log(path: Path, entries: list[Entry]) -> None:
    """Draw the loss over the steps, stage by stage."""
    figure = Figure(figsize=(8, 3.5), layout="constrained")
    axes = figure.subplots()
    for stage in dict.fromkeys(entry.stage for entry in entries):
        of_it = [entry for entry in entries if entry.stage == stage]
        name = f"{stage} ({of_it[0].millimetres} mm)"
        axes.plot([entry.step for entry in of_it], [entry.loss for entry in of_it], label=name)
    axes.set(xlabel="step", ylabel=f"training loss, mean of {EVERY} steps", ylim=(0, None))
    axes.legend()
    figure.savefig(path, dpi=100)
