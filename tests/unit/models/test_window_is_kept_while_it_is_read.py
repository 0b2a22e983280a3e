"""OpenVINO reads an input's memory without holding it: a window freed too soon gave NaN once."""

import gc
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import openvino
import pytest

from meninx_models.infer.choice import EngineChoice
from meninx_models.infer.openvino_cpu import OpenVino, Prepared

GRAPH = Path(__file__).parents[3] / "model-images" / "unet-meningioma" / "weights" / "model.onnx"
CHOICE = EngineChoice("openvino", "CPU", "f32", "", 1, "a test")


class Request:
    """Looks, when it computes, whether what it was given is still there."""

    def __init__(self) -> None:
        self.alive: list[bool] = []
        self.given: Any = None

    def set_input_tensor(self, tensor: Any) -> None:
        self.given = tensor

    def infer(self) -> None:
        gc.collect()
        self.alive.append(self.given() is not None)

    def get_output_tensor(self, _index: int) -> Any:
        return SimpleNamespace(data=None)


VIEWS = {
    "a part": lambda box: box[8:24, 8:24, 8:24],
    "mirrored": lambda box: np.flip(box[:16, :16, :16], 0),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_copy_of_a_window_lives_until_it_was_read(
    view: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, request = OpenVino(GRAPH, CHOICE), Request()
    monkeypatch.setattr(engine, "prepare", lambda *_: Prepared(request))
    monkeypatch.setattr(openvino, "Tensor", lambda values, **_: weakref.ref(values))
    engine.run("probability", view(np.ones((32, 32, 32), np.float32))[None, None])
    assert request.alive == [True]


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_window_that_is_a_view_answers_as_its_copy(view: Any) -> None:
    engine = OpenVino(GRAPH, CHOICE)
    part = view(np.random.default_rng(1).random((32, 32, 32), np.float32))[None, None]
    copied = engine.run("logits", np.array(part)).copy()
    assert np.array_equal(engine.run("logits", part), copied)
