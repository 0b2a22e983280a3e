"""OpenVINO on the CPU: the graph compiled for each shape that is asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openvino

from meninx_models.infer.backend import Batch
from meninx_models.infer.blocks import Places, in_blocks
from meninx_models.infer.choice import EngineChoice
from meninx_models.infer.pairs import read_in_pairs

PLAIN_ATTENTION = {"SNIPPETS_MODE": "DISABLE"}
"""Fused attention gave logits wrong by 0.04 with few tokens (2026.4, 12 tokens); plain is as fast."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A graph compiled for one shape, and where its answer belongs if it comes in blocks."""

    request: Any
    places: Places | None = None


class OpenVino:
    """The graph on all cores that the choice names."""

    def __init__(self, graph: Path, choice: EngineChoice, cache: Path | None = None) -> None:
        self._core = openvino.Core()
        if cache is not None:
            self._core.set_property({"CACHE_DIR": str(cache)})
        self._model = self._core.read_model(graph)
        self._bfloat16 = choice.precision == "bf16"
        self._options: dict[str, object] = {
            "INFERENCE_PRECISION_HINT": choice.precision,
            "INFERENCE_NUM_THREADS": choice.threads,
            "PERFORMANCE_HINT": "LATENCY",
        }
        if any(node.get_type_name() == "Softmax" for node in self._model.get_ops()):
            self._options |= PLAIN_ATTENTION
        self._prepared: dict[tuple[str, tuple[int, ...]], Prepared] = {}

    def prepare(self, output: str, shape: tuple[int, ...]) -> Prepared:
        """Compile for a shape (n, 1, x, y, z), once."""
        key = (output, shape)
        if key not in self._prepared:
            model = self._model.clone()
            # what the other outputs need is not computed
            model = openvino.Model([model.output(output)], model.get_parameters())
            model.reshape(list(shape))
            read_in_pairs(model)
            blocks = in_blocks(model, output, bfloat16=self._bfloat16)
            compiled = self._core.compile_model(blocks or model, "CPU", self._options)
            places = Places(shape) if blocks else None
            self._prepared[key] = Prepared(compiled.create_infer_request(), places)
        return self._prepared[key]

    def run(self, output: str, batch: Batch) -> Batch:
        """Return one of the graph's outputs; its memory is used again by the next run."""
        prepared = self.prepare(output, batch.shape)
        values = np.ascontiguousarray(batch)
        # OpenVINO reads this memory but doesn't hold it: a copy without a name is freed before infer
        prepared.request.set_input_tensor(openvino.Tensor(values, shared_memory=True))
        prepared.request.infer()
        answer: Batch = prepared.request.get_output_tensor(0).data
        return answer if prepared.places is None else prepared.places.put(answer)
