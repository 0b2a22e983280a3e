"""ONNX Runtime with TensorRT or CUDA; the provider is the only thing that differs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from meninx_models.infer.artefact import INPUT
from meninx_models.infer.backend import Batch
from meninx_models.infer.choice import EngineChoice

Provider = tuple[str, dict[str, str]]


def providers_of(choice: EngineChoice, cache: Path | None = None) -> list[Provider]:
    """Return the execution providers of a choice in ONNX Runtime's words, with CUDA to fall to."""
    cuda: Provider = ("CUDAExecutionProvider", {"cudnn_conv_algo_search": "HEURISTIC"})
    if choice.engine != "tensorrt":
        return [cuda]
    options = {"trt_fp16_enable": str(choice.precision == "f16")}
    if cache is not None:
        options |= {"trt_engine_cache_enable": "True", "trt_engine_cache_path": str(cache)}
    return [("TensorrtExecutionProvider", options), cuda]


class OnnxRuntime:
    """The graph in a session. Raises RuntimeError where the provider that was chosen is not used."""

    def __init__(
        self, graph: Path, choice: EngineChoice, providers: Sequence[Provider] | None = None
    ) -> None:
        import onnxruntime

        asked = list(providers_of(choice) if providers is None else providers)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = choice.threads
        self._session: Any = onnxruntime.InferenceSession(graph, options, providers=asked)
        used = self._session.get_providers()
        # a provider whose libraries are missing is left out with a warning only
        if used[0] != asked[0][0]:
            raise RuntimeError(f"ONNX Runtime started with {used[0]}, not {asked[0][0]}")

    def prepare(self, output: str, shape: tuple[int, ...]) -> None:
        """Nothing: the session shapes itself on its first run."""

    def run(self, output: str, batch: Batch) -> Batch:
        """Return one of the graph's outputs."""
        answer: Batch = self._session.run([output], {INPUT: np.ascontiguousarray(batch)})[0]
        return answer
