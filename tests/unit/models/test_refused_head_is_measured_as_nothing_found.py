import numpy as np
import pytest
from tests.unit.models.heads import RAS

from meninx_models.contract import NotForModel
from meninx_models.evaluate.predict import on_heads
from meninx_models.infer.artefact import Facts
from meninx_models.preprocess import Volume

FACTS = Facts("one", "1", "unet", 1, 0.5, 0.1, "")
SLAB = np.ones((96, 96, 12), np.float32)
"""No head: the image refuses it, whatever the network would say."""


class Never:
    """A network that is not asked."""

    def probabilities(self, _window: Volume, /) -> Volume:
        """Fail."""
        raise AssertionError("a refused head was looked at")


def test_measuring_goes_on_after_a_head_that_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    found = on_heads(Never(), FACTS)(SLAB, RAS)
    assert found.shape == SLAB.shape
    assert not found.any()
    assert "a head is refused, and counts as nothing found" in capsys.readouterr().err


def test_refusal_is_handed_to_whoever_counts_them() -> None:
    told: list[NotForModel] = []
    on_heads(Never(), FACTS, refused=told.append)(SLAB, RAS)
    assert "not a whole head" in str(told[0])
