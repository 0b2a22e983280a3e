import numpy as np
import pytest
from tests.unit.models.heads import RAS, Mask, Volume, head, turned

from meninx_models.contract import NotFinite, NotForModel
from meninx_models.preprocess import (
    BOX,
    CANVAS,
    VERTEX_ABOVE_CENTRE_MM,
    box_of,
    from_canvas,
    resample,
    to_canvas,
)

ORIENTATIONS = {
    "RAS": ((0, 1, 2), ()),
    "LPS": ((0, 1, 2), (0, 1)),
    "PIR": ((1, 2, 0), (0, 1)),
    "sagittal": ((1, 2, 0), (0, 1, 2)),
    "coronal": ((0, 2, 1), (0, 1)),
}


@pytest.fixture(scope="module")
def made() -> tuple[Volume, Mask]:
    return head()


@pytest.mark.parametrize(("axes", "flips"), ORIENTATIONS.values(), ids=ORIENTATIONS)
def test_canvas_is_the_same_for_every_orientation(
    made: tuple[Volume, Mask], axes: tuple[int, int, int], flips: tuple[int, ...]
) -> None:
    wanted = to_canvas(made[0], RAS)
    stored, affine = turned(made[0], axes, flips)
    found = to_canvas(stored, affine)
    shift = found.affine_ras[:3, 3] - wanted.affine_ras[:3, 3]
    assert np.abs(shift).max() < 3.0
    lesion = resample(
        turned(made[1], axes, flips)[0].astype(np.float32), affine, found.affine_ras, CANVAS
    )
    assert found.values[lesion > 0.9].mean() > 2 * found.values[BOX[0] // 2, 128, 128]


@pytest.mark.parametrize(("axes", "flips"), ORIENTATIONS.values(), ids=ORIENTATIONS)
def test_result_returns_to_the_inputs_own_grid(
    made: tuple[Volume, Mask], axes: tuple[int, int, int], flips: tuple[int, ...]
) -> None:
    stored, affine = turned(made[0], axes, flips)
    lesion = turned(made[1], axes, flips)[0]
    canvas = to_canvas(stored, affine)
    share = resample(lesion.astype(np.float32), affine, canvas.affine_ras, CANVAS)
    back = from_canvas(share, canvas.affine_ras, affine_ras=affine, shape=stored.shape)
    assert back.shape == stored.shape
    assert 2 * (lesion & (back > 0)).sum() / (lesion.sum() + back.sum()) > 0.97


def test_vertex_lies_at_its_fixed_height(made: tuple[Volume, Mask]) -> None:
    canvas = to_canvas(made[0], RAS)
    tops = np.argwhere(canvas.values[box_of()] > 0.2)[:, 2]
    assert abs(tops.max() - (BOX[2] / 2 + VERTEX_ABOVE_CENTRE_MM)) < 4


def test_scanners_gain_makes_no_difference(made: tuple[Volume, Mask]) -> None:
    quiet, loud = to_canvas(made[0], RAS, BOX), to_canvas(made[0] * 7.5, RAS, BOX)
    assert np.allclose(quiet.values, loud.values, atol=1e-4)
    assert quiet.values.min() == 0
    assert quiet.values.max() <= 1


def test_nothing_found_gives_an_empty_map() -> None:
    empty = np.zeros(CANVAS, np.float32)
    assert not from_canvas(empty, np.eye(4), affine_ras=RAS, shape=(10, 11, 12)).any()


REFUSED = {
    "four dimensions": (np.ones((64, 64, 64, 2), np.float32), RAS, "dimensions"),
    "a small part": (np.ones((20, 64, 64), np.float32), RAS, "not a whole head"),
    "no signal": (np.zeros((96, 96, 96), np.float32), RAS, "no signal"),
    "a flat affine": (np.ones((96, 96, 96), np.float32), np.diag([2.0, 2, 0, 1]), "affine"),
}


@pytest.mark.parametrize(("image", "affine", "why"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_head_is_refused(image: Volume, affine: Volume, why: str) -> None:
    with pytest.raises(NotForModel, match=why):
        to_canvas(image, affine.astype(np.float64))


@pytest.mark.parametrize("signal", [0.0, 500.0], ids=["noise alone", "a small ball"])
def test_noise_with_no_head_in_it_is_refused(made: tuple[Volume, Mask], signal: float) -> None:
    noise = np.abs(np.random.default_rng(2).normal(0, 5, made[1].shape))
    with pytest.raises(NotForModel, match="no head"):
        to_canvas((noise + signal * made[1]).astype(np.float32), RAS)


@pytest.mark.parametrize("value", [np.nan, np.inf], ids=str)
def test_values_that_are_no_numbers_are_refused(made: tuple[Volume, Mask], value: float) -> None:
    broken = made[0].copy()
    broken[40, 40, 40] = value
    with pytest.raises(NotFinite):
        to_canvas(broken, RAS)
