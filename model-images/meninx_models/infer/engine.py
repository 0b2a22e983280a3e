"""OpenVINO, compiled for this machine: whole canvas in, probability of lesion out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openvino

from meninx_models.contract import NotFinite
from meninx_models.preprocess import Volume

THREADS_ENV = "INFERENCE_NUM_THREADS"
PRECISION_ENV = "MENINX_PRECISION"


@dataclass(frozen=True)
class EngineSettings:
    """How the graph is run; 0 threads means all cores that the container may use."""

    threads: int = 0
    precision: str = "f32"


class Engine:
    """A compiled graph."""

    def __init__(self, graph: Path, settings: EngineSettings) -> None:
        options: dict[str, object] = {
            "INFERENCE_PRECISION_HINT": settings.precision,
            "PERFORMANCE_HINT": "LATENCY",
        }
        if settings.threads:
            options[THREADS_ENV] = settings.threads
        core = openvino.Core()
        self._compiled = core.compile_model(core.read_model(graph), "CPU", options)

    def probabilities(self, canvas: Volume) -> Volume:
        """Return the probability of lesion for each voxel of a canvas. Raises NotFinite."""
        answer = self._compiled(canvas[np.newaxis, np.newaxis])[0][0, 0]
        found = np.asarray(answer, dtype=np.float32)
        if not np.isfinite(found).all():
            raise NotFinite("the network's output holds NaN or infinite values")
        return found


def settings_from(environment: dict[str, str]) -> EngineSettings:
    """Read the engine's settings. Raises ValueError for a number or precision that is none."""
    precision = environment.get(PRECISION_ENV, "f32")
    if precision not in {"f32", "bf16"}:
        raise ValueError(f"{PRECISION_ENV}={precision}: use f32 or bf16")
    return EngineSettings(int(environment.get(THREADS_ENV, "0")), precision)
