import numpy as np
import pytest

from meninx_models.evaluate.lesions import HeadScore, score_head
from meninx_models.evaluate.metrics import Mask
from meninx_models.evaluate.summary import summarise, summarise_healthy

ONE_MM = (1.0, 1.0, 1.0)
BLOCKS = {
    "large": np.s_[2:14, 2:14, 2:14],
    "small": np.s_[30:34, 30:34, 30:34],
    "false": np.s_[20:29, 2:11, 2:11],
    "speck": np.s_[2:4, 36:38, 36:38],
}


def _mask(*names: str) -> Mask:
    mask = np.zeros((40, 40, 40), bool)
    for name in names:
        mask[BLOCKS[name]] = True
    return mask


def _score(found: Mask, truth: Mask, seed: int = 1) -> HeadScore:
    return score_head(seed, found, truth, ONE_MM)


def test_each_lesion_is_found_or_missed() -> None:
    score = _score(_mask("large"), _mask("large", "small"))
    assert [lesion.found for lesion in score.lesions] == [True, False]
    assert score.lesions[1].distances is None
    assert score.largest_ml == pytest.approx(12**3 / 1000)


def test_a_touch_is_not_a_find() -> None:
    truth, found = _mask("large"), np.zeros((40, 40, 40), bool)
    found[2:4, 2:14, 2:14] = True
    assert not _score(found, truth).lesions[0].found
    found[2:5, 2:14, 2:14] = True
    assert _score(found, truth).lesions[0].found


def test_what_touches_no_lesion_is_false() -> None:
    score = _score(_mask("large", "false", "speck"), _mask("large"))
    assert sorted(score.false_lesions_ml) == pytest.approx([0.008, 0.729])
    assert score.false_lesions == 1


def test_voxel_size_counts_in_volumes() -> None:
    score = score_head(1, _mask("small"), _mask("small"), (1.0, 1.0, 3.0))
    assert score.truth_ml == pytest.approx(64 * 3 / 1000)


def test_heads_are_sorted_by_their_largest_lesion() -> None:
    scores = [_score(_mask("large"), _mask("large", "small")), _score(_mask(), _mask("small"))]
    under, middle, over, both = summarise([*scores, _score(_mask(), _mask())])
    assert (under.heads, middle.heads, over.heads, both.heads) == (1, 1, 0, 2)
    assert (under.recall, middle.recall, over.recall, both.lesions) == (0.0, 0.5, None, 3)
    assert middle.dice_mean == pytest.approx(2 * 1728 / (1728 * 2 + 64))


def test_healthy_heads_are_told_apart() -> None:
    scores = [_score(_mask(), _mask()), _score(_mask("false"), _mask())]
    healthy = summarise_healthy([*scores, _score(_mask("large"), _mask("large"))])
    assert (healthy.heads, healthy.clean_heads) == (2, 1)
    assert healthy.false_lesions_per_head == 0.5
    assert healthy.largest_false_ml == pytest.approx(0.729)
