import numpy as np
import pytest
import SimpleITK
from scipy import ndimage
from scipy.spatial.distance import cdist

from meninx_models.evaluate.metrics import Mask, dice, distances, surface

SPACING = (1.0, 1.5, 2.0)


def _blobs(seed: int) -> Mask:
    grains = np.random.default_rng(seed).standard_normal((24, 22, 20))
    return np.asarray(ndimage.gaussian_filter(grains, 2.5) > 0.06)


def _sitk(mask: Mask) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8).transpose(2, 1, 0))
    image.SetSpacing(SPACING)
    return image


@pytest.mark.parametrize("seed", range(4))
def test_dice_is_that_of_simpleitk(seed: int) -> None:
    one, two = _blobs(seed), _blobs(seed + 100)
    overlap = SimpleITK.LabelOverlapMeasuresImageFilter()
    overlap.Execute(_sitk(one), _sitk(two))
    assert dice(one, two) == pytest.approx(overlap.GetDiceCoefficient())


@pytest.mark.parametrize("seed", range(4))
def test_surface_is_the_contour_of_simpleitk(seed: int) -> None:
    mask = np.pad(_blobs(seed), 1)
    contour = SimpleITK.GetArrayFromImage(SimpleITK.LabelContour(_sitk(mask), fullyConnected=False))
    assert np.array_equal(surface(mask), contour.transpose(2, 1, 0) > 0)


@pytest.mark.parametrize("seed", range(4))
def test_distances_are_those_of_all_pairs(seed: int) -> None:
    one, two = _blobs(seed), _blobs(seed + 100)
    here, there = (np.argwhere(surface(np.pad(m, 1))) * SPACING for m in (one, two))
    pairs = cdist(here, there)
    there_from_here, here_from_there = pairs.min(axis=1), pairs.min(axis=0)
    found = distances(one, two, SPACING)
    assert found is not None
    average = (there_from_here.mean() + here_from_there.mean()) / 2
    assert found.average_hausdorff_mm == pytest.approx(average)
    both = np.concatenate([there_from_here, here_from_there])
    assert found.hd95_mm == pytest.approx(np.percentile(both, 95))


def test_same_mask_is_at_no_distance() -> None:
    found = distances(_blobs(1), _blobs(1), SPACING)
    assert found is not None
    assert (found.average_hausdorff_mm, found.hd95_mm) == (0.0, 0.0)


def test_empty_masks_have_no_distance() -> None:
    empty, full = np.zeros((9, 9, 9), bool), np.ones((9, 9, 9), bool)
    assert distances(empty, full, SPACING) is None
    assert distances(full, empty, SPACING) is None
    assert distances(empty, empty, SPACING) is None


def test_two_empty_masks_agree_fully() -> None:
    empty, full = np.zeros((9, 9, 9), bool), np.ones((9, 9, 9), bool)
    assert dice(empty, empty) == 1.0
    assert dice(empty, full) == 0.0
