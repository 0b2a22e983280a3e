import numpy as np
import pytest
import torch
from monai.metrics import compute_average_surface_distance, compute_dice
from scipy import ndimage

from meninx_models.evaluate.metrics import Mask, dice, distances

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore::FutureWarning:monai"),  # MONAI of its own
]
SPACING = (1.0, 1.5, 2.0)


def _blobs(seed: int) -> Mask:
    grains = np.random.default_rng(seed).standard_normal((24, 22, 20))
    return np.asarray(ndimage.gaussian_filter(grains, 2.5) > 0.06)


def _batch(mask: Mask) -> torch.Tensor:
    return torch.from_numpy(mask)[None, None].float()


@pytest.mark.parametrize("seed", range(4))
def test_average_hausdorff_is_the_mean_of_monais_two_directions(seed: int) -> None:
    one, two = _blobs(seed), _blobs(seed + 50)
    directed = [
        float(compute_average_surface_distance(_batch(a), _batch(b), spacing=SPACING))
        for a, b in ((one, two), (two, one))
    ]
    found = distances(one, two, SPACING)
    assert found is not None
    assert found.average_hausdorff_mm == pytest.approx(sum(directed) / 2, rel=1e-5)
    assert dice(one, two) == pytest.approx(float(compute_dice(_batch(one), _batch(two))), rel=1e-5)
