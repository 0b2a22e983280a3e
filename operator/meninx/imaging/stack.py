"""What makes a stack whole: orientation, doubles, gaps, spacing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from meninx.imaging.geometry import Grid
from meninx.imaging.header import ImageHeader
from meninx.resources.reasons import Reason


@dataclass(frozen=True)
class Finding:
    """Something found about a series; fatal ones forbid a volume. Messages hold no identity."""

    reason: Reason
    message: str
    fatal: bool = True


@dataclass(frozen=True)
class Stack:
    """The images of one volume, ascending along the slice normal, and the grid they make."""

    headers: tuple[ImageHeader, ...]
    grid: Grid
    left_out: tuple[str, ...] = ()
    warnings: tuple[Finding, ...] = field(default=())


def build_stack(
    headers: Sequence[ImageHeader], *, volume: str = "Only", min_slices: int = 1
) -> Stack | tuple[Finding, ...]:
    """Return the one volume of a series, or why there is none.

    `volume` says which one where several share their positions (resources.predicates). Two
    slices are the least that has a spacing.
    """
    return (Finding(Reason.NO_GEOMETRY, "not built yet"),)
