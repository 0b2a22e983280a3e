"""Whether parallel slices are evenly spaced, and if not, what is wrong with them."""

import statistics
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from meninx.imaging.finding import Finding
from meninx.imaging.header import ImageHeader
from meninx.imaging.planes import Direction, place_of
from meninx.resources.reasons import Reason

SILENT_DEVIATION = 0.01  # of the spacing, per step
ROUNDING_MM = 0.1  # vendors that write positions to one decimal
_ROUNDING_DEVIATION = 0.1  # of the spacing, per step, where rounding explains it
_NEAR_MULTIPLE = 0.15
_GAPS_NAMED = 3


def judge(slices: Sequence[ImageHeader], normal: Direction) -> list[Finding]:
    """Return what is wrong with the spacing of slices that ascend along the normal.

    The step is judged against the median step (PS3.3 C.7.6.2.1.1 positions only: neither
    SliceThickness nor SpacingBetweenSlices is looked at).
    """
    places = [place_of(header, normal) for header in slices]
    steps = [after - before for before, after in pairwise(places)]
    usual = statistics.median_low(steps)
    ratios = [step / usual for step in steps]
    worst = max(abs(ratio - 1) for ratio in ratios)
    if any(ratio > 1.5 for ratio in ratios) and all(map(_is_multiple, ratios)):
        return [_missing(slices, steps, usual)]
    if worst > SILENT_DEVIATION and not _is_rounding(places, worst):
        return [_uneven(slices, steps, usual)]
    return _tilted(slices, normal) or _jitter(worst, steps)


def step_mm(slices: Sequence[ImageHeader], normal: Direction) -> float:
    """Return the spacing of even slices: from first to last, so that both ends are in place."""
    return (place_of(slices[-1], normal) - place_of(slices[0], normal)) / (len(slices) - 1)


def _is_multiple(ratio: float) -> bool:
    return round(ratio) >= 1 and abs(ratio - round(ratio)) <= _NEAR_MULTIPLE


def _is_rounding(places: Sequence[float], worst: float) -> bool:
    even = np.linspace(places[0], places[-1], len(places))
    off = float(np.max(np.abs(np.asarray(places) - even)))
    return worst <= _ROUNDING_DEVIATION and off <= ROUNDING_MM


def _jitter(worst: float, steps: Sequence[float]) -> list[Finding]:
    if worst <= SILENT_DEVIATION:
        return []
    message = (
        f"steps between slices differ from {min(steps):.4g} to {max(steps):.4g} mm, as positions "
        f"rounded to {ROUNDING_MM} mm do; their mean is used"
    )
    return [Finding(Reason.NON_UNIFORM_SPACING, message, fatal=False)]


def _missing(slices: Sequence[ImageHeader], steps: Sequence[float], usual: float) -> Finding:
    gaps = [index for index, step in enumerate(steps) if step / usual > 1.5]
    lost = sum(round(steps[index] / usual) - 1 for index in gaps)
    named = "; ".join(
        f"between ({_mm(slices[index])}) and ({_mm(slices[index + 1])}) mm the step is "
        f"{steps[index]:.4g} mm"
        for index in gaps[:_GAPS_NAMED]
    )
    more = f"; and {len(gaps) - _GAPS_NAMED} more gaps" if len(gaps) > _GAPS_NAMED else ""
    word = "slice is" if lost == 1 else "slices are"
    message = (
        f"{lost} {word} missing of {len(slices) + lost}: {named}{more}, elsewhere {usual:.4g} mm"
    )
    return Finding(Reason.MISSING_SLICES, message)


def _uneven(slices: Sequence[ImageHeader], steps: Sequence[float], usual: float) -> Finding:
    index = max(range(len(steps)), key=lambda at: abs(steps[at] - usual))
    message = (
        f"between ({_mm(slices[index])}) and ({_mm(slices[index + 1])}) mm the step is "
        f"{steps[index]:.4g} mm, elsewhere mostly {usual:.4g} mm"
    )
    return Finding(Reason.NON_UNIFORM_SPACING, message)


def _tilted(slices: Sequence[ImageHeader], normal: Direction) -> list[Finding]:
    """Slices that shift sideways (a tilted gantry) lie on no rectangular grid."""
    places = np.asarray([header.position_lps for header in slices], dtype=np.float64)
    offsets = places - places[0]
    sideways = np.linalg.norm(offsets - np.outer(offsets @ normal, normal), axis=1)
    pixel = min(slices[0].pixel_spacing_mm or (0.0, 0.0))
    if float(sideways.max()) <= max(pixel / 2, 2 * ROUNDING_MM):
        return []
    message = (
        f"slices shift sideways by up to {sideways.max():.4g} mm, as with a tilted gantry; "
        "the volume would be sheared"
    )
    return [Finding(Reason.NON_UNIFORM_SPACING, message)]


def _mm(header: ImageHeader) -> str:
    return ", ".join(f"{value:.6g}" for value in header.position_lps or ())
