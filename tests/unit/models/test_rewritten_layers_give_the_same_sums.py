"""First and last layer are given to OpenVINO in another form: what comes out is held to the layers as they were."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import openvino
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openvino import opset13

from meninx_models.contract import NotFinite
from meninx_models.infer.blocks import TRILINEAR, Places, block_kernel, in_blocks
from meninx_models.infer.choice import EngineChoice, choose, wanted_from
from meninx_models.infer.engine import Engine
from meninx_models.infer.found import look
from meninx_models.infer.openvino_cpu import OpenVino
from meninx_models.infer.pairs import read_in_pairs

MODELS = Path(__file__).parents[3] / "model-images"
GRAPH_FILE = "weights/model.onnx"
UNET = MODELS / "unet-meningioma" / GRAPH_FILE
HERE = sorted({"f32", choose(look(), wanted_from({})).precision})
"""What this machine computes in."""
NONE, ONE, TWO = [0, 0, 0], [1, 1, 1], [2, 2, 2]
TWICE = np.array([1, 1, 2, 2, 2], np.float32)
SHAPE = (8, 12, 20)
RANDOM = np.random.default_rng(4)
Build = Callable[[Any], Any]


def _weights(*shape: int) -> Any:
    return RANDOM.normal(0, 1, shape).astype(np.float32)


def _convolution(image: Any) -> Any:
    return opset13.convolution(image, _weights(3, 1, 3, 3, 3), TWO, ONE, ONE, ONE)


def _mean(image: Any) -> Any:
    return opset13.avg_pool(image, TWO, NONE, NONE, TWO, False, "floor")


def _transposed(half: Any, padding: int = 1) -> Any:
    weights, pads = _weights(half.shape[1], 1, 3, 3, 3), [padding] * 3
    return opset13.convolution_backprop_data(half, weights, TWO, None, pads, pads, ONE, None, pads)


def _interpolated(half: Any) -> Any:
    one = opset13.convolution(half, _weights(1, 3, 1, 1, 1), ONE, NONE, NONE, ONE)
    return opset13.interpolate(one, TWICE, "linear_onnx", "scales", axes=np.arange(5))


def _joined(half: Any) -> Any:
    return _transposed(opset13.concat([half, opset13.relu(half)], 1))


LAST = {"transposed": _transposed, "joined": _joined, "interpolated": _interpolated}


def _model(first: Build, last: Build, shape: tuple[int, ...] = (1, 1, *SHAPE)) -> Any:
    image = opset13.parameter(shape, np.float32)
    half = first(image)
    if half.shape[1] == 1:
        half = opset13.convolution(half, _weights(3, 1, 1, 1, 1), ONE, NONE, NONE, ONE)
    logits = opset13.add(last(half), np.float32(0.3))
    results = []
    for name, values in (("logits", logits), ("probability", opset13.sigmoid(logits))):
        result = opset13.result(values)
        result.output(0).tensor.set_names({name})
        results.append(result)
    return openvino.Model(results, [image])


def _run(model: Any, image: Any, output: int = 0) -> Any:
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    return openvino.Core().compile_model(model, "CPU", options)(image)[output].copy()


@pytest.mark.parametrize("output", ["logits", "probability"])
@pytest.mark.parametrize("last", LAST.values(), ids=LAST)
def test_last_layer_in_blocks_says_the_same(last: Build, output: str) -> None:
    model, image = _model(_convolution, last), _weights(1, 1, *SHAPE)
    expected = _run(model, image, ["logits", "probability"].index(output))
    blocks = in_blocks(model, output, bfloat16=False)
    assert blocks is not None
    found = Places((1, 1, *SHAPE)).put(_run(blocks, image))
    assert np.abs(found - expected).max() < 1e-5 * np.ptp(expected)


@pytest.mark.parametrize("last", LAST.values(), ids=LAST)
def test_blocks_in_half_the_bytes_are_rounded_only(last: Build) -> None:
    model, image = _model(_convolution, last), _weights(1, 1, *SHAPE)
    blocks = in_blocks(model, "logits", bfloat16=True)
    found = Places((1, 1, *SHAPE)).put(_run(blocks, image))
    expected = _run(model, image)
    assert np.abs(found - expected).max() < 0.01 * np.ptp(expected)


@pytest.mark.parametrize("first", [_convolution, _mean])
def test_first_layer_read_in_pairs_says_the_same(first: Build) -> None:
    model, image = _model(first, _transposed), _weights(1, 1, *SHAPE)
    expected = _run(model, image)
    assert read_in_pairs(model)
    assert np.abs(_run(model, image) - expected).max() < 1e-5 * np.ptp(expected)


def test_places_keep_nothing_of_the_answer_before() -> None:
    blocks = RANDOM.normal(0, 1, (8, 16)).astype(np.float32)
    upper = (blocks.view(np.uint32) >> 16).astype(np.uint16)
    expected = blocks.reshape(2, 2, 2, 2, 2, 4).transpose(0, 3, 1, 4, 2, 5).reshape(4, 4, 8)
    cut = (expected.view(np.uint32) & 0xFFFF0000).view(np.float32)
    for answer, right in ((blocks, expected), (upper, cut)):
        places = Places((1, 1, 4, 4, 8))
        places.put(np.full_like(answer, 7))
        assert np.array_equal(places.put(answer)[0, 0], right)


OTHERS: dict[str, Any] = {
    "padding of 0": _model(_convolution, lambda half: _transposed(half, padding=0)),
    "two heads": _model(_convolution, _transposed, (2, 1, *SHAPE)),
    "odd half": _model(_convolution, _transposed, (1, 1, 8, 12, 18)),
    "not doubled": _model(_convolution, opset13.relu),
    "several channels": _model(_convolution, lambda half: opset13.interpolate(
        half, TWICE, "linear_onnx", "scales", axes=np.arange(5))),
    "other corners": _model(_convolution, lambda half: opset13.interpolate(
        opset13.reduce_mean(half, 1, True), TWICE, "linear_onnx", "scales",
        coordinate_transformation_mode="align_corners", axes=np.arange(5))),
}  # fmt: skip


@pytest.mark.parametrize("model", OTHERS.values(), ids=OTHERS)
def test_other_last_layers_are_left_alone(model: Any) -> None:
    assert in_blocks(model, "logits", bfloat16=False) is None


def _of_stride_one(image: Any) -> Any:
    return opset13.convolution(image, _weights(3, 1, 3, 3, 3), ONE, ONE, ONE, ONE)


def _read_twice(image: Any) -> Any:
    return opset13.concat([_mean(image), _convolution(image)], 1)


FIRST: dict[str, Any] = {
    "read twice": _model(_read_twice, _joined),
    "not halved": _model(_of_stride_one, opset13.relu),
    "odd along z": _model(_convolution, opset13.relu, (1, 1, 8, 12, 19)),
}


@pytest.mark.parametrize("model", FIRST.values(), ids=FIRST)
def test_other_first_layers_are_left_alone(model: Any) -> None:
    assert not read_in_pairs(model)


@pytest.mark.parametrize("precision", HERE)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_value_that_is_no_number_is_not_lost_on_the_way(value: float, precision: Any) -> None:
    engine = OpenVino(UNET, EngineChoice("openvino", "CPU", precision, "", 1, "a test"))
    box = np.ones((1, 1, 32, 32, 32), np.float32)
    box[0, 0, 9, 10, 11] = value
    assert not np.isfinite(engine.run("probability", box)).all()


@pytest.mark.parametrize("half", [False, True])
def test_one_block_that_is_no_number_ends_the_look(half: bool) -> None:
    blocks = np.zeros((8, 16), np.float32)
    blocks[3, 5] = np.nan
    places = Places((1, 1, 4, 4, 8))
    given = (blocks.view(np.uint32) >> 16).astype(np.uint16) if half else blocks
    backend = SimpleNamespace(run=lambda *_: places.put(given))
    choice = EngineChoice("openvino", "CPU", "f32", "", 1, "a test")
    with pytest.raises(NotFinite):
        Engine(backend, choice, checked=True).probabilities(np.zeros((4, 4, 8), np.float32))


@given(size=st.sampled_from([3, 4]), seed=st.integers(0, 2**31))
def test_each_voxel_of_a_block_uses_each_weight_once(size: int, seed: int) -> None:
    weights = np.random.default_rng(seed).integers(1, 9, (2, size, size, size)).astype(np.float32)
    kernel, below = block_kernel(weights)
    assert below == (1 if size == 4 else 0)
    # a block is two voxels of the input
    assert np.allclose(kernel.sum((0, 2, 3, 4)), 2 * weights.sum((1, 2, 3)))


def test_trilinear_weights_add_up_to_one_per_voxel() -> None:
    cube = np.einsum("i,j,k->ijk", TRILINEAR, TRILINEAR, TRILINEAR)[None]
    assert np.allclose(block_kernel(cube)[0].sum((1, 2, 3, 4)), 1)


@pytest.mark.parametrize("model", ["unet-meningioma", "unetr-meningioma"])
def test_shipped_graphs_are_read_and_answered_in_the_fast_form(model: str) -> None:
    engine = OpenVino(
        MODELS / model / GRAPH_FILE, EngineChoice("openvino", "CPU", "f32", "", 1, "a test")
    )
    prepared = engine.prepare("logits", (1, 1, 160, 224, 192))
    assert prepared.places is not None
