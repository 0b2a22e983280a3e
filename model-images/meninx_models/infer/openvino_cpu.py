"""OpenVINO on the CPU: the graph compiled for each shape that is asked for."""

from pathlib import Path
from typing import Any

import numpy as np
import openvino

from meninx_models.infer.backend import Batch
from meninx_models.infer.choice import EngineChoice
from meninx_models.infer.rewrite import rewrite, single_output

PLAIN_ATTENTION = {"SNIPPETS_MODE": "DISABLE"}
"""Fused attention gave logits wrong by 0.04 with few tokens (2026.4, 12 tokens); plain is as fast."""


class OpenVino:
    """The graph on all cores that the choice names."""

    def __init__(self, graph: Path, choice: EngineChoice, cache: Path | None = None) -> None:
        self._core = openvino.Core()
        if cache is not None:
            self._core.set_property({"CACHE_DIR": str(cache)})
        self._model = self._core.read_model(graph)
        rewrite(self._model)
        self._options: dict[str, object] = {
            "INFERENCE_PRECISION_HINT": choice.precision,
            "INFERENCE_NUM_THREADS": choice.threads,
            "PERFORMANCE_HINT": "LATENCY",
        }
        if any(node.get_type_name() == "Softmax" for node in self._model.get_ops()):
            self._options |= PLAIN_ATTENTION
        self._requests: dict[tuple[str, tuple[int, ...]], Any] = {}

    def prepare(self, output: str, shape: tuple[int, ...]) -> Any:
        """Compile for a shape (n, 1, x, y, z), once."""
        key = (output, shape)
        if key not in self._requests:
            model = single_output(self._model.clone(), output)
            model.reshape(list(shape))
            compiled = self._core.compile_model(model, "CPU", self._options)
            self._requests[key] = compiled.create_infer_request()
        return self._requests[key]

    def run(self, output: str, batch: Batch) -> Batch:
        """Return one of the graph's outputs; its memory is used again by the next run."""
        request = self.prepare(output, batch.shape)
        # OpenVINO reads this memory but doesn't hold it: a copy without a name is freed before infer
        values = np.ascontiguousarray(batch)
        request.set_input_tensor(openvino.Tensor(values, shared_memory=True))
        request.infer()
        answer: Batch = request.get_output_tensor(0).data
        return answer
