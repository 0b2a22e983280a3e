import numpy as np
import numpy.typing as npt
import pytest

from meninx.base.errors import BadInput
from meninx.phantom import simulate as simulation
from meninx.phantom.lesion import LesionRange, draw_diameter, grow, longest_mm
from meninx.phantom.simulate import Phantom, simulate
from meninx.phantom.template import Template
from meninx.phantom.truth import measure


def _nothing(template: Template) -> npt.NDArray[np.bool_]:
    return np.zeros(template.grey.shape, dtype=bool)


@pytest.mark.parametrize("diameter_mm", [6.0, 15.0, 30.0], ids=lambda d: f"{d:g}mm")
def test_lesion_has_the_diameter_that_was_asked(template: Template, diameter_mm: float) -> None:
    rng = np.random.default_rng(11)
    tries = [grow(template, rng, diameter_mm, taken=_nothing(template)) for _ in range(6)]
    grown = [lesion for lesion in tries if lesion is not None]
    assert grown
    assert all(abs(lesion.longest_mm / diameter_mm - 1) <= 0.25 for lesion in grown)


def test_lesion_touches_dura_falx_or_tentorium(template: Template) -> None:
    rng = np.random.default_rng(12)
    middle = template.voxel(0, 0, 0)[0]
    for _ in range(8):
        lesion = grow(template, rng, 18.0, taken=_nothing(template))
        if lesion is None:
            continue
        full = lesion.signed_mm > 0
        x = np.argwhere(full)[:, 0] + lesion.box[0].start - middle
        near = min(
            float(template.inside_mm[lesion.box][full].min()),
            float(np.abs(template.tentorium_mm[lesion.box][full]).min()),
            float(np.abs(x).min()),
        )
        assert near < 3.0
        assert template.inside_mm[lesion.box][full].min() > 0


def test_lesion_enhances_above_the_brain(phantom: Phantom) -> None:
    assert np.median(phantom.image[phantom.truth]) > 1.2


def test_healthy_head_has_no_truth(healthy: Phantom) -> None:
    assert not healthy.truth.any()
    assert measure(healthy) == []


def test_diameters_stay_in_range_and_favour_what_can_be_seen() -> None:
    rng = np.random.default_rng(5)
    drawn = np.array([draw_diameter(rng, LesionRange()) for _ in range(2000)])
    assert drawn.min() >= 3.0
    assert drawn.max() <= 60.0
    assert 0.03 < (drawn < 8).mean() < 0.15


def test_lesions_without_room_are_refused_with_a_remedy(
    template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulation, "grow", lambda *_args, **_taken: None)
    with pytest.raises(BadInput, match="ask for fewer"):
        simulate(template, 1, lesions=4, asked=LesionRange(55, 60))


def test_longest_extent_is_measured_along_the_lesion() -> None:
    line = np.array([[i, i, 0.0] for i in range(11)])
    assert longest_mm(line) == pytest.approx(10 * np.sqrt(2) + 1)
    assert longest_mm(line[:2]) == 2.0
