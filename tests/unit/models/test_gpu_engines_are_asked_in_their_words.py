"""No GPU is at hand in tests: what is held here is how ONNX Runtime is asked, by a stand-in for it."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from meninx_models.infer.choice import EngineChoice
from meninx_models.infer.onnxruntime_gpu import OnnxRuntime, providers_of

TENSORRT = EngineChoice("tensorrt", "GPU", "f16", "1.24", 4, "a test")
CUDA = EngineChoice("onnxruntime", "GPU", "f32", "1.24", 4, "a test")


class Session:
    """Doubles its input; starts with the providers that are installed."""

    installed = ("TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider")

    def __init__(
        self, graph: Path, options: Any, providers: list[tuple[str, dict[str, str]]]
    ) -> None:
        self.graph, self.threads, self.asked = graph, options.intra_op_num_threads, providers

    def get_providers(self) -> list[str]:
        asked = [name for name, _ in self.asked if name in self.installed]
        return [*asked, "CPUExecutionProvider"]

    def run(self, outputs: list[str], inputs: dict[str, Any]) -> list[Any]:
        assert outputs == ["probability"]
        return [2 * inputs["window"]]


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    options = SimpleNamespace(intra_op_num_threads=0)
    module = SimpleNamespace(InferenceSession=Session, SessionOptions=lambda: options)
    monkeypatch.setitem(sys.modules, "onnxruntime", module)


def test_tensorrt_computes_in_half_and_falls_to_cuda() -> None:
    (first, options), (second, _) = providers_of(TENSORRT, Path("/cache"))
    assert (first, second) == ("TensorrtExecutionProvider", "CUDAExecutionProvider")
    assert options["trt_fp16_enable"] == "True"
    assert options["trt_engine_cache_path"] == "/cache"


def test_cuda_is_asked_alone() -> None:
    assert [name for name, _ in providers_of(CUDA)] == ["CUDAExecutionProvider"]


@pytest.mark.parametrize("choice", [TENSORRT, CUDA], ids=["tensorrt", "cuda"])
def test_session_gets_the_window_and_gives_the_output(choice: EngineChoice) -> None:
    engine = OnnxRuntime(Path("model.onnx"), choice)
    batch = np.ones((1, 1, 4, 4, 4), np.float32)
    assert np.array_equal(engine.run("probability", np.flip(batch, 2)), 2 * batch)


def test_provider_left_out_with_a_warning_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "installed", ("CPUExecutionProvider",))
    with pytest.raises(RuntimeError, match="CPUExecutionProvider, not CUDAExecutionProvider"):
        OnnxRuntime(Path("model.onnx"), CUDA)
