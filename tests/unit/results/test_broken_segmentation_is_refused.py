"""What a model wrote is checked before it becomes a result."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.support.make import label

from meninx.base.errors import Rejected
from meninx.resources.aimodel import Label
from meninx.resources.reasons import Reason
from meninx.steps.compose import checked_labels

LABELS = [Label.model_validate(label(1)), Label.model_validate(label(4, "Edema"))]


def segmentation_with(value: float) -> npt.NDArray[np.float32]:
    array = np.zeros((4, 5, 6), np.float32)
    array[1, 2, 3] = value
    return array


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf], ids=str)
def test_value_that_is_no_number_is_never_a_healthy_brain(value: float) -> None:
    with pytest.raises(Rejected, match="not numbers") as refusal:
        checked_labels(segmentation_with(value), LABELS)
    assert refusal.value.reason == Reason.NOT_FINITE


@pytest.mark.parametrize("value", [2, 0.5, -1, 300], ids=str)
def test_value_that_is_no_label_of_the_model_breaks_the_contract(value: float) -> None:
    with pytest.raises(Rejected, match=f"holds {value}, which is no label") as refusal:
        checked_labels(segmentation_with(value), LABELS)
    assert refusal.value.reason == Reason.BAD_RESULT


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 6, 2), (0, 5, 6)], ids=str)
def test_array_that_is_no_volume_breaks_the_contract(shape: tuple[int, ...]) -> None:
    with pytest.raises(Rejected, match="not one volume") as refusal:
        checked_labels(np.zeros(shape, np.uint8), LABELS)
    assert refusal.value.reason == Reason.BAD_RESULT


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32, np.float64], ids=str)
def test_labels_of_any_number_type_are_taken(kind: type) -> None:
    array: npt.NDArray[Any] = segmentation_with(4).astype(kind)
    assert checked_labels(array, LABELS)[1, 2, 3] == 4
