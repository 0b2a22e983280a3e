"""Random masks, empty ones among them, against scipy's pairs of points and SimpleITK's filters."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from meninx_models.evaluate.lesions import FALSE_LESION_ML, FOUND_SHARE, score_head
from meninx_models.evaluate.metrics import Mask, dice, distances, sensitivity, specificity
from meninx_models.evaluate.summary import LESION_SIZES_ML

SPACINGS = ((1.0, 1.0, 1.0), (0.5, 0.5, 3.0), (1.0, 1.25, 0.9))


@dataclass(frozen=True, eq=False)
class Drawn:
    """Two masks on one grid."""

    found: Mask
    truth: Mask
    spacing_mm: tuple[float, float, float]


@st.composite
def drawn(draw: st.DrawFn) -> Drawn:
    """Draw masks from empty to full, of grains or of boxes."""
    shape = tuple(draw(st.integers(2, 9)) for _ in range(3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    one, two = (
        rng.random(shape) < draw(st.sampled_from((0.0, 0.03, 0.2, 0.5, 1.0))) for _ in range(2)
    )
    if draw(st.booleans()):
        two = np.roll(one, draw(st.integers(-2, 2)), draw(st.integers(0, 2)))
    return Drawn(one, two, draw(st.sampled_from(SPACINGS)))


def _image(mask: Mask, spacing: tuple[float, ...]) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8).transpose(2, 1, 0))
    image.SetSpacing(spacing)
    return image


def _surface_mm(
    mask: Mask, spacing: tuple[float, ...]
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the contour's points by SimpleITK."""
    padded = _image(np.pad(mask, 1), spacing)
    contour = SimpleITK.GetArrayFromImage(SimpleITK.LabelContour(padded, fullyConnected=False))
    return np.asarray(np.argwhere(contour.transpose(2, 1, 0)) * spacing)


@settings(deadline=None, max_examples=150)
@given(drawn())
def test_overlap_is_that_of_simpleitk(case: Drawn) -> None:
    overlap = SimpleITK.LabelOverlapMeasuresImageFilter()
    if not (case.found.any() or case.truth.any()):
        assert dice(case.found, case.truth) == 1.0
        return
    overlap.Execute(_image(case.found, case.spacing_mm), _image(case.truth, case.spacing_mm))
    assert dice(case.found, case.truth) == pytest.approx(overlap.GetDiceCoefficient())
    if case.truth.any():
        missed = overlap.GetFalseNegativeError()
        assert sensitivity(case.found, case.truth) == pytest.approx(1 - missed)


@settings(deadline=None, max_examples=150)
@given(drawn())
def test_shares_of_voxels_are_counted_one_by_one(case: Drawn) -> None:
    pairs = list(zip(case.found.ravel().tolist(), case.truth.ravel().tolist(), strict=True))
    for metric, of in ((sensitivity, True), (specificity, False)):
        told = [found == of for found, truth in pairs if truth == of]
        found = metric(case.found, case.truth)
        assert found == (pytest.approx(sum(told) / len(told)) if told else None)


@settings(deadline=None, max_examples=150)
@given(drawn())
def test_distances_are_those_of_all_pairs_of_points(case: Drawn) -> None:
    found = distances(case.found, case.truth, case.spacing_mm)
    if not (case.found.any() and case.truth.any()):
        assert found is None
        return
    assert found is not None
    here, there = (_surface_mm(mask, case.spacing_mm) for mask in (case.found, case.truth))
    pairs = cdist(here, there)
    directed = pairs.min(axis=1), pairs.min(axis=0)
    average = sum(float(one.mean()) for one in directed) / 2
    assert found.average_hausdorff_mm == pytest.approx(average)
    assert found.hd95_mm == pytest.approx(np.percentile(np.concatenate(directed), 95))


@settings(deadline=None, max_examples=100)
@given(drawn())
def test_swapping_the_masks_changes_no_distance(case: Drawn) -> None:
    there = distances(case.found, case.truth, case.spacing_mm)
    back = distances(case.truth, case.found, case.spacing_mm)
    assert (there is None) == (back is None)
    if there and back:
        assert there.average_hausdorff_mm == pytest.approx(back.average_hausdorff_mm)
        assert there.hd95_mm == pytest.approx(back.hd95_mm)


def _pieces(mask: Mask, spacing: tuple[float, ...]) -> list[Mask]:
    image = SimpleITK.ConnectedComponent(_image(mask, spacing), True)
    numbered = SimpleITK.GetArrayFromImage(image).transpose(2, 1, 0)
    return [numbered == number for number in range(1, int(numbered.max()) + 1)]


@settings(deadline=None, max_examples=100)
@given(drawn())
def test_lesions_are_the_components_of_simpleitk(case: Drawn) -> None:
    score = score_head("x", case.found, case.truth, case.spacing_mm)
    truth, found = (_pieces(mask, case.spacing_mm) for mask in (case.truth, case.found))
    hit = [(piece & case.found).sum() >= FOUND_SHARE * piece.sum() for piece in truth]
    assert sorted(lesion.found for lesion in score.lesions) == sorted(map(bool, hit))
    voxel_ml = np.prod(case.spacing_mm) / 1000
    false = sorted(p.sum() * voxel_ml for p in found if not (p & case.truth).any())
    assert sorted(score.false_lesions_ml) == pytest.approx(false)
    assert score.false_lesions == sum(volume > FALSE_LESION_ML for volume in false)


@settings(deadline=None, max_examples=100)
@given(drawn())
def test_dice_of_a_lesion_is_of_what_touches_it(case: Drawn) -> None:
    score = score_head("x", case.found, case.truth, case.spacing_mm)
    found = _pieces(case.found, case.spacing_mm)
    wanted = []
    for piece in _pieces(case.truth, case.spacing_mm):
        touching = [part for part in found if (part & piece).any()]
        union = np.any(touching, axis=0) if touching else np.zeros_like(piece)
        hit = (piece & case.found).sum() >= FOUND_SHARE * piece.sum()
        wanted.append(2 * (union & piece).sum() / (union.sum() + piece.sum()) if hit else 0.0)
    assert sorted(lesion.dice for lesion in score.lesions) == pytest.approx(sorted(wanted))
    count = len(wanted) + score.false_lesions
    assert score.lesion_dice == (pytest.approx(sum(wanted) / count) if count else None)


def test_sizes_of_recall_meet_without_a_gap() -> None:
    ends = [(low, high) for _, low, high in LESION_SIZES_ML]
    assert ends[0][0] == 0
    assert all(one[1] == two[0] for one, two in itertools.pairwise(ends))
