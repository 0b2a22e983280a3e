"""torch on a GPU: the exported program (torch.export) beside the graph."""

from pathlib import Path
from typing import Any

import numpy as np

from meninx_models.infer.artefact import LOGITS
from meninx_models.infer.backend import Batch
from meninx_models.infer.choice import EngineChoice
from meninx_models.infer.found import PROGRAM_FILE


class Torch:
    """The program on a device; less than float32 by autocast."""

    def __init__(self, weights: Path, choice: EngineChoice, device: str = "cuda") -> None:
        import torch

        self._torch: Any = torch
        self._device = device
        names = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
        self._type = names[choice.precision]
        program = torch.export.load(weights / PROGRAM_FILE)
        self._module: Any = program.module().to(device)

    def prepare(self, output: str, shape: tuple[int, ...]) -> None:
        """Nothing: kernels are chosen on the first run."""

    def run(self, output: str, batch: Batch) -> Batch:
        """Return one of the program's outputs."""
        torch, less = self._torch, self._type != self._torch.float32
        with torch.inference_mode(), torch.autocast(self._device, self._type, enabled=less):
            logits, share = self._module(
                torch.from_numpy(np.ascontiguousarray(batch)).to(self._device)
            )
        chosen = logits if output == LOGITS else share
        answer: Batch = chosen.float().cpu().numpy()
        return answer
