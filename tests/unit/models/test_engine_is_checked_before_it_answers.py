from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from meninx_models.contract import EngineDiffers, NotFinite
from meninx_models.infer.backend import Batch
from meninx_models.infer.choice import EngineChoice, Found
from meninx_models.infer.engine import Engine, first_right, open_engine
from meninx_models.infer.selfcheck import Check, fault, read_check, write_check
from meninx_models.preprocess import Volume

MODELS = Path(__file__).parents[3] / "model-images"
CPU = Found({"openvino": "1"}, cpu_flags=frozenset({"avx512_bf16"}))
GPU = Found(
    {"openvino": "1", "onnxruntime": "1"}, frozenset({"CUDAExecutionProvider"}),
    cpu_flags=frozenset({"avx512_bf16"}),
)  # fmt: skip
WINDOW = np.random.default_rng(1).normal(0, 4, (12, 12, 12)).astype(np.float16).astype(np.float32)
CHECK = Check(WINDOW, 2 * WINDOW[::3, ::3, ::3], "")


class Fake:
    """An engine that doubles, and adds an error for some precisions."""

    def __init__(self, off: float) -> None:
        self.off = off

    def prepare(self, output: str, shape: tuple[int, ...]) -> Any:
        return None

    def run(self, output: str, batch: Batch) -> Batch:
        return 2 * batch + np.float32(self.off)


def _loader(off: dict[str, float]) -> Callable[[EngineChoice], Fake]:
    return lambda choice: Fake(off.get(f"{choice.engine} {choice.precision}", 0.0))


def test_bfloat16_is_used_where_it_holds() -> None:
    engine = first_right(_loader({"openvino bf16": 0.1}), CPU, {}, CHECK)
    assert (engine.choice.precision, engine.checked) == ("bf16", True)


@pytest.mark.parametrize("off", [5.0, np.nan], ids=["far off", "NaN"])
def test_bfloat16_that_is_off_gives_way_to_float32(off: float) -> None:
    engine = first_right(_loader({"openvino bf16": off}), CPU, {}, CHECK)
    assert engine.choice.precision == "f32"
    assert "bf16" in engine.choice.reason


def test_wrong_gpu_gives_way_to_the_cpu() -> None:
    engine = first_right(_loader({"onnxruntime f32": 0.01}), GPU, {}, CHECK)
    assert engine.choice.engine == "openvino"


def test_engine_that_does_not_start_gives_way_to_the_next() -> None:
    def load(choice: EngineChoice) -> Fake:
        if choice.engine == "onnxruntime":
            raise RuntimeError("libcudnn.so.9: cannot open shared object file\nmore")
        return Fake(0.0)

    assert first_right(load, GPU, {}, CHECK).choice.engine == "openvino"


def test_no_engine_that_is_right_is_a_failure_of_the_machine() -> None:
    off = {"openvino bf16": 5.0, "openvino f32": 0.01}
    with pytest.raises(EngineDiffers, match=r"logits differ by 0\.01"):
        first_right(_loader(off), CPU, {}, CHECK)


def test_weights_without_a_check_run_in_float32() -> None:
    engine = first_right(_loader({}), CPU, {}, None)
    assert (engine.choice.precision, engine.checked) == ("f32", False)
    assert "no check" in engine.choice.reason


def test_asked_precision_that_is_off_is_refused_not_changed() -> None:
    with pytest.raises(EngineDiffers):
        first_right(_loader({"openvino bf16": 5.0}), CPU, {"MENINX_PRECISION": "bf16"}, CHECK)


def test_answer_with_one_nan_is_a_failure() -> None:
    class Broken(Fake):
        def run(self, output: str, batch: Batch) -> Batch:
            return np.where(np.arange(batch.size).reshape(batch.shape) == 5, np.nan, batch)

    choice = first_right(_loader({}), CPU, {}, CHECK).choice
    with pytest.raises(NotFinite):
        Engine(Broken(0), choice, checked=True).probabilities(WINDOW)


def test_stored_check_is_for_its_own_graph_only(tmp_path: Path) -> None:
    write_check(tmp_path, WINDOW, 2 * WINDOW, "ab" * 32)
    stored = read_check(tmp_path, "ab" * 32)
    assert stored is not None
    assert fault(stored, 2 * WINDOW, "f32") == ""
    assert read_check(tmp_path, "cd" * 32) is None
    assert read_check(tmp_path / "none", "ab" * 32) is None


def test_flipped_voxels_of_a_small_lesion_are_counted() -> None:
    logits = np.full((60, 60, 60), -30, np.float32)
    logits[:30] = 0.5
    moved = np.where(logits > 0, -0.5, logits).astype(np.float32)
    assert "flips" in fault(Check(logits, logits[::3, ::3, ::3], ""), moved, "bf16")


@pytest.mark.parametrize(("edge", "right"), [(132, True), (120, False)], ids=["head", "window"])
def test_drift_of_instance_norm_is_allowed_on_a_whole_head_only(edge: int, right: bool) -> None:
    logits = np.full((edge, edge, edge), -3, np.float32)
    stored = Check(logits, logits[::3, ::3, ::3], "")
    assert (fault(stored, logits + 0.04, "f32") == "") is right


def test_mask_of_a_whole_head_is_compared_in_float32_too() -> None:
    logits = np.full((132, 132, 132), -3, np.float32)
    logits[:30] = 0.01
    assert "flips" in fault(Check(logits, logits[::3, ::3, ::3], ""), logits - 0.04, "f32")


@pytest.mark.parametrize("model", ["unet-meningioma", "unetr-meningioma"])
@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_shipped_weights_pass_their_check_here(model: str, precision: str) -> None:
    wish = {"MENINX_PRECISION": precision, "INFERENCE_NUM_THREADS": "1"}
    assert open_engine(MODELS / model / "weights", wish).checked


def test_engine_takes_any_size_that_16_divides() -> None:
    engine = open_engine(MODELS / "unet-meningioma" / "weights", {"INFERENCE_NUM_THREADS": "1"})
    box: Volume = np.zeros((32, 48, 64), np.float32)
    assert engine.probabilities(box).shape == box.shape
