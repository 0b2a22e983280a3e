"""O-13: noise in the positions is no gap, and a gap is no noise."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from tests.support.series import mr_series, mr_slice
from tests.support.stacks import headers_of, refusal_of, stack_of

from meninx.imaging.stack import Stack, build_stack
from meninx.resources.reasons import Reason


def _at(places: Sequence[float]) -> list[Dataset]:
    return [
        mr_slice(position_lps=(-10, -20, z), InstanceNumber=k + 1) for k, z in enumerate(places)
    ]


@pytest.mark.parametrize("noise_mm", [3e-15, 1e-5, 2e-6, 4e-3])
def test_noise_within_one_percent_is_accepted_silently(noise_mm: float) -> None:
    places = [0.9 * k + noise_mm * (k % 2) for k in range(20)]
    stack = stack_of(_at(places))
    assert stack.warnings == ()
    assert stack.grid.spacing_mm[2] == pytest.approx(0.9, abs=1e-3)


def test_positions_rounded_to_a_decimal_are_accepted_with_a_warning() -> None:
    stack = stack_of(_at([round(1.25 * k, 1) for k in range(20)]))
    (warning,) = stack.warnings
    assert (warning.reason, warning.fatal) == (Reason.NON_UNIFORM_SPACING, False)
    assert stack.grid.spacing_mm[2] == pytest.approx(1.25, abs=0.01)


def test_missing_slice_is_told_with_its_two_neighbours() -> None:
    places = [1.6 * k for k in range(21)]
    finding = refusal_of(_at(places[:10] + places[11:]))
    assert finding.reason == Reason.MISSING_SLICES
    assert "1 slice is missing of 21" in finding.message
    assert "(-10, -20, 14.4) and (-10, -20, 17.6) mm" in finding.message
    assert "1.684" not in finding.message


@pytest.mark.parametrize("lost", [{1}, {5, 6, 7}, {3, 9, 15}, set(range(2, 18, 4))], ids=str)
def test_every_missing_slice_is_counted(lost: set[int]) -> None:
    finding = refusal_of(_at([k * 0.7 for k in range(20) if k not in lost]))
    assert finding.reason == Reason.MISSING_SLICES
    assert finding.message.startswith(f"{len(lost)} slice")


@settings(max_examples=150, deadline=None)
@given(kept=st.sets(st.integers(0, 23), min_size=3), spacing=st.floats(0.3, 9))
def test_stack_with_any_gap_is_never_accepted(kept: set[int], spacing: float) -> None:
    made = build_stack(headers_of(_at([k * spacing for k in sorted(kept)])))
    steps = {after - before for before, after in pairwise(sorted(kept))}
    if len(steps) == 1:
        assert isinstance(made, Stack)
        return
    assert not isinstance(made, Stack)
    assert made[0].reason in {Reason.MISSING_SLICES, Reason.NON_UNIFORM_SPACING}


def test_one_short_step_is_not_uniform() -> None:
    steps = np.full(19, 1.904)
    steps[7] = 1.428
    finding = refusal_of(_at([0.0, *np.cumsum(steps).tolist()]))
    assert finding.reason == Reason.NON_UNIFORM_SPACING
    assert "1.428 mm, elsewhere mostly 1.904 mm" in finding.message


def test_steadily_growing_steps_are_not_uniform() -> None:
    finding = refusal_of(_at(np.cumsum(np.linspace(1.0, 1.3, 20)).tolist()))
    assert finding.reason == Reason.NON_UNIFORM_SPACING


def test_slices_that_shift_sideways_are_refused() -> None:
    tilted = [mr_slice(position_lps=(0, 0.4 * k, 2.0 * k)) for k in range(20)]
    finding = refusal_of(tilted)
    assert finding.reason == Reason.NON_UNIFORM_SPACING
    assert "sideways" in finding.message


@pytest.mark.parametrize(
    ("attributes", "first"),
    [({"ImagesInAcquisition": 21}, 1), ({}, 3)],
    ids=["ImagesInAcquisition", "InstanceNumber"],
)
def test_loss_at_the_ends_is_a_warning(attributes: dict[str, Any], first: int) -> None:
    datasets = mr_series(19, **attributes)
    for k, dataset in enumerate(datasets):
        dataset.InstanceNumber = k + first
    (warning,) = stack_of(datasets).warnings
    assert (warning.reason, warning.fatal) == (Reason.ENDS_MAY_BE_MISSING, False)
