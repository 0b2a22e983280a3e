"""Figures as rows, and where they are written."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Row:
    """One figure beside a peer, a floor or a goal; `ratio` above 1 is better than what stands beside it."""

    id: str
    value: float
    unit: str
    beside: str = ""
    beside_value: float | None = None
    ratio: float | None = None
    goal: str = ""
    note: str = ""
    """How the figure was taken, where the id doesn't say it."""


def less_is_better(
    id_: str, value: float, unit: str, beside: tuple[str, float], goal: str = ""
) -> Row:
    """Make a row of a cost: ratio is what stands beside it over the value."""
    name, other = beside
    return Row(id_, round(value, 3), unit, name, round(other, 3), _ratio(other, value), goal)


def more_is_better(
    id_: str, value: float, unit: str, beside: tuple[str, float], goal: str = ""
) -> Row:
    """Make a row of a rate: ratio is the value over what stands beside it."""
    name, other = beside
    return Row(id_, round(value, 3), unit, name, round(other, 3), _ratio(value, other), goal)


def _ratio(over: float, under: float) -> float | None:
    return round(over / under, 3) if under > 0 else None


def write(name: str, rows: list[Row]) -> Path:
    """Write the rows to build/bench/<name>.json and show them."""
    path = ROOT / "build/bench" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"rows": [asdict(row) for row in rows]}, indent=2) + "\n")
    for row in rows:
        beside = f"   beside {row.beside} {row.beside_value}: x{row.ratio}" if row.beside else ""
        print(f"{row.id:32} {row.value:>12} {row.unit:9}{beside} {row.goal}")
    return path
