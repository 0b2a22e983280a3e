from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage
from tests.unit.models.heads import RAS, SHAPE, Mask, Volume, head, turned

from meninx_models.contract import NotForModel
from meninx_models.infer.artefact import Facts
from meninx_models.infer.motion import LIKELY, USELESS, Ghosts, check_motion, ghosts
from meninx_models.infer.segment import segment
from meninx_models.infer.uncertainty import Uncertainty, with_doubt

FACTS = Facts("any", "1", "unet", 1, 0.5, 0.1, "")
SURE = Uncertainty(0.0, 0.1, 0.1, None, flagged=False, why="")


def _noisy(signal: Volume, share: float = 0.03) -> Volume:
    rng = np.random.default_rng(2)
    parts = (share * 400 * rng.standard_normal((2, *signal.shape))).astype(np.float32)
    return np.asarray(np.hypot(signal + parts[0], parts[1]), dtype=np.float32)


def _still() -> tuple[Volume, Mask]:
    signal, lesion = head()
    return np.where(signal > 100, signal, 0).astype(np.float32), lesion


def _restless(axis: int, mm: float) -> Volume:
    """Half of the lines see the head elsewhere along the axis."""
    signal = _still()[0]
    here = np.random.default_rng(6).standard_normal(SHAPE)
    image = signal * (1 + 0.9 * ndimage.gaussian_filter(here, 2) * 8).clip(0.2, 2)
    count = SHAPE[axis]
    along = [-1 if a == axis else 1 for a in range(3)]
    push = np.random.default_rng(7).integers(0, 2, count).reshape(along) * mm / 2
    ramp = np.exp(-2j * np.pi * np.fft.fftfreq(count).reshape(along) * push)
    mixed = np.fft.ifft(np.fft.fft(image, axis=axis) * ramp, axis=axis)
    return _noisy(np.abs(mixed).astype(np.float32), 0.02)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_ghosts_are_seen_along_the_axis_they_lie_on(axis: int) -> None:
    found = ghosts(_restless(axis, 6), RAS)
    assert found.axis == axis
    assert found.ratio is not None
    assert found.ratio > LIKELY


@pytest.mark.parametrize("flips", [(), (0,), (1, 2)])
@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
def test_order_and_direction_of_axes_change_nothing(
    axes: tuple[int, int, int], flips: tuple[int, ...]
) -> None:
    image = _restless(1, 6)
    there = ghosts(*turned(image, axes, flips))
    assert there.axis == axes.index(1)
    assert there.ratio == pytest.approx(ghosts(image, RAS).ratio, rel=0.15)


def test_more_motion_is_stronger_ghosts_up_to_a_refusal() -> None:
    ratios = [ghosts(_restless(1, mm), RAS).ratio or 0 for mm in (0, 2, 6, 16)]
    assert ratios == sorted(ratios)
    assert ratios[0] < 0.01
    assert ratios[-1] > USELESS


def _shaded() -> Volume:
    ramp = np.linspace(0.6, 1.4, SHAPE[0], dtype=np.float32)[:, None, None]
    return _noisy(_still()[0] * ramp)


def _noise_in_the_middle() -> Volume:
    """Parallel imaging: twice the noise in the middle of the field."""
    axes = np.meshgrid(*(np.linspace(-1, 1, n) for n in SHAPE), indexing="ij", sparse=True)
    strength = 1 + np.exp(-2 * sum(a**2 for a in axes))
    parts = 16 * strength * np.random.default_rng(3).standard_normal((2, *SHAPE))
    return np.asarray(np.hypot(_still()[0] + parts[0], parts[1]), dtype=np.float32)


def _turning_eyes() -> Volume:
    image = _still()[0]
    image[20:34, :, 40:52] += 80
    return _noisy(image)


CLEAN: dict[str, Callable[[], Volume]] = {
    "little noise": lambda: _noisy(_still()[0], 0.01),
    "much noise": lambda: _noisy(_still()[0], 0.08),
    "shading": _shaded,
    "blur": lambda: ndimage.gaussian_filter(_noisy(_still()[0]), 1),
    "noise of parallel imaging": _noise_in_the_middle,
    "ghosts of the eyes alone": _turning_eyes,
}


@pytest.mark.parametrize("name", CLEAN)
def test_head_that_lay_still_is_not_taken_for_one_that_moved(name: str) -> None:
    assert check_motion(ghosts(CLEAN[name](), RAS)) == ""


def test_thick_slices_are_no_motion() -> None:
    thick = _noisy(_still()[0])[:, :, ::2]
    assert check_motion(ghosts(np.ascontiguousarray(thick), RAS @ np.diag([1, 1, 2, 1]))) == ""


HIDDEN: dict[str, Callable[[], Volume]] = {
    "background cut out": lambda: np.where(head()[0] > 100, _restless(1, 6), 0),
    "noise set to nothing": lambda: np.where(_restless(1, 2) > 40, _restless(1, 2), 0),
    "nothing at all": lambda: np.zeros(SHAPE, np.float32),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_air_that_cant_be_seen_is_not_known_and_never_refused(name: str) -> None:
    found = ghosts(HIDDEN[name]().astype(np.float32), RAS)
    assert (found.ratio, found.axis) == (None, None)
    assert "air" in found.why
    assert check_motion(found) == ""


def test_strong_ghosts_are_refused_with_what_to_do() -> None:
    with pytest.raises(NotForModel, match=r"repeat the sequence \(MENINX_ANY_MOTION=1"):
        check_motion(Ghosts(USELESS, 1))


def test_some_ghosts_flag_the_result_beside_what_it_said_before() -> None:
    doubt = check_motion(Ghosts(LIKELY, 1))
    sure = with_doubt(SURE, doubt)
    assert (sure.flagged, sure.why) == (True, doubt)
    assert "may have moved" in with_doubt(sure, doubt).why
    assert with_doubt(SURE, "") == SURE


class _Nothing:
    def probabilities(self, window: Volume, /) -> Volume:
        return np.zeros_like(window)


def test_head_that_moved_is_refused_unless_asked() -> None:
    image = _restless(1, 16)
    with pytest.raises(NotForModel, match="the patient moved"):
        segment(_Nothing(), FACTS, image, RAS)
    assert segment(_Nothing(), FACTS, image, RAS, any_motion=True).motion is None


def test_result_of_a_head_that_may_have_moved_is_delivered_and_flagged() -> None:
    done = segment(_Nothing(), FACTS, _restless(1, 2), RAS)
    assert done.motion is not None
    assert done.uncertainty.flagged
    assert "may have moved" in done.uncertainty.why
