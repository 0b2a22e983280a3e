import numpy as np
import pytest
from tests.unit.phantom.conftest import COARSE

from meninx.base.errors import BadInput
from meninx.phantom.motion import Motion, Trajectory, draw_trajectory, encoded, motion_of, moved
from meninx.phantom.scanner import acquisition_grid
from meninx.phantom.series import uid
from meninx.phantom.simulate import Phantom, simulate
from meninx.phantom.template import Template

SHAPE = (16, 20, 12)


def _rng() -> np.random.Generator:
    return np.random.default_rng(5)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_head_that_returns_to_its_place_is_as_it_was(axis: int) -> None:
    image = _rng().random(SHAPE).astype(np.float32)
    halves = (np.arange(SHAPE[axis]) > SHAPE[axis] // 2).astype(np.int64)
    trajectory = Trajectory(np.zeros((2, 6)), halves, axis)
    assert np.allclose(encoded([image, image], trajectory), image, atol=1e-5)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_ghosts_lie_along_the_phase_axis_alone(axis: int) -> None:
    image = np.zeros(SHAPE, np.float32)
    image[8, 10, 6] = 1
    every_other = np.arange(SHAPE[axis]) % 2
    mixed = np.abs(encoded([image, 0.5 * image], Trajectory(np.zeros((2, 6)), every_other, axis)))
    places = np.argwhere(mixed > 1e-4)
    assert len(places) == 2
    assert np.ptp(places, axis=0)[axis] == SHAPE[axis] // 2
    assert np.count_nonzero(np.ptp(places, axis=0)) == 1


@pytest.mark.parametrize("kind", ["jumps", "breathing"])
def test_middle_of_k_space_is_where_the_truth_is(kind: str) -> None:
    drawn = draw_trajectory(Motion(kind, 4.0, 1), SHAPE, _rng())
    assert np.allclose(drawn.poses[drawn.of_line[SHAPE[1] // 2]], 0)
    twice = draw_trajectory(Motion(kind, 8.0, 1), SHAPE, _rng())
    assert np.allclose(twice.poses, 2 * drawn.poses)


def test_head_moves_towards_where_it_was_pushed() -> None:
    grid = acquisition_grid(COARSE)
    shifted = moved(grid, np.array([3.0, 0, 0, 0, 0, 0]))
    assert np.allclose(shifted.affine_ras[:3, 3] - grid.affine_ras[:3, 3], [-3, 0, 0])
    assert np.allclose(moved(grid, np.zeros(6)).affine_lps, grid.affine_lps)


def test_motion_changes_the_image_its_uids_and_not_the_truth(
    template: Template, healthy: Phantom
) -> None:
    restless = simulate(
        template, 4, lesions=0, acquisition=COARSE, motion=motion_of("breathing", 4)
    )
    assert np.abs(restless.image - healthy.image).mean() > 0.01
    assert np.array_equal(restless.truth, healthy.truth)
    assert uid(restless, 0, "study") != uid(healthy, 0, "study")


def test_no_severity_is_no_motion() -> None:
    assert motion_of("jumps", 0) is None


@pytest.mark.parametrize(("kind", "mm", "axis"), [("dancing", 1, 0), ("jumps", -1, 0),
                                                  ("jumps", 90, 0), ("jumps", 1, 3)])  # fmt: skip
def test_impossible_motion_is_refused(kind: str, mm: float, axis: int) -> None:
    with pytest.raises(BadInput, match="motion"):
        motion_of(kind, mm, axis)
