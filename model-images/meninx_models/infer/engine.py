"""The graph on the engine that was chosen here: loaded, checked against what was exported, run."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from meninx_models.contract import EngineDiffers, NotFinite
from meninx_models.infer.artefact import GRAPH_FILE, LOGITS, PROBABILITY, sha256_of
from meninx_models.infer.backend import Backend, Batch
from meninx_models.infer.choice import EngineChoice, Found, choose, in_float32, wanted_from, without
from meninx_models.infer.found import look
from meninx_models.infer.onnxruntime_gpu import OnnxRuntime, providers_of
from meninx_models.infer.openvino_cpu import OpenVino
from meninx_models.infer.selfcheck import Check, fault, read_check
from meninx_models.infer.torch_gpu import Torch
from meninx_models.preprocess import Volume

CACHE_ENV = "MENINX_ENGINE_CACHE"
"""Folder where an engine may keep what it compiled, so that the next start is faster."""
NOT_CHECKED = "float32, because no check was exported with these weights"
Load = Callable[[EngineChoice], Backend]


class Engine:
    """A loaded graph and the choice that led to it."""

    def __init__(self, backend: Backend, choice: EngineChoice, checked: bool) -> None:
        self._backend = backend
        self.choice = choice
        self.checked = checked

    def prepare(self, shape: tuple[int, int, int]) -> None:
        """Compile for windows of a shape before the values are there."""
        self._backend.prepare(PROBABILITY, (1, 1, *shape))

    def probabilities(self, window: Volume) -> Volume:
        """Return the probability of lesion for each voxel; valid until the next call.

        Raises NotFinite.
        """
        found: Volume = self._backend.run(PROBABILITY, window[np.newaxis, np.newaxis])[0, 0]
        # the sum of squares is finite only if all are, and is told in a fraction of the time
        if not np.isfinite(np.vdot(found, found)):
            raise NotFinite("the network's output holds NaN or infinite values")
        return found


def open_engine(weights: Path, environment: Mapping[str, str], graph: Path | None = None) -> Engine:
    """Load the graph of a folder, or the one given, on the best engine that passes its check.

    Raises ValueError for a wish that can't be met, EngineDiffers where no engine is right.
    """
    graph = graph or weights / GRAPH_FILE
    cache = environment.get(CACHE_ENV)

    def load(choice: EngineChoice) -> Backend:
        return _backend(weights, graph, choice, Path(cache) if cache else None)

    check = read_check(weights, sha256_of(graph))
    return first_right(load, look(weights), environment, check)


def first_right(
    load: Load, found: Found, environment: Mapping[str, str], check: Check | None
) -> Engine:
    """Return the first engine that starts and is right, from the fastest kind on."""
    wanted = wanted_from(environment)
    while True:
        try:
            choice = choose(found, wanted)
        except ValueError as error:
            if not found.failed:
                raise
            raise EngineDiffers(f"{error}; {'; '.join(found.failed.values())}") from error
        try:
            return _checked(load, choice, check, asked=bool(wanted.precision))
        except (EngineDiffers, RuntimeError, OSError, ImportError) as error:
            found = without(found, choice.engine, _first_line(error))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _checked(load: Load, choice: EngineChoice, check: Check | None, *, asked: bool) -> Engine:
    """Load in the chosen precision if the check holds in it, else in float32."""
    if check is None:
        plain = choice if asked or choice.precision == "f32" else in_float32(choice, NOT_CHECKED)
        return Engine(load(plain), plain, checked=False)
    backend = load(choice)
    wrong = fault(check, _logits(backend, check.window), choice.precision)
    if wrong and choice.precision != "f32" and not asked:
        choice = in_float32(choice, wrong)
        backend = load(choice)
        wrong = fault(check, _logits(backend, check.window), choice.precision)
    if wrong:
        raise EngineDiffers(f"{choice.engine} does not give what was exported: {wrong}")
    return Engine(backend, choice, checked=True)


def _logits(backend: Backend, window: Volume) -> Batch:
    answer: Batch = backend.run(LOGITS, window[np.newaxis, np.newaxis])[0, 0]
    return answer


def _backend(weights: Path, graph: Path, choice: EngineChoice, cache: Path | None) -> Backend:
    if choice.engine == "openvino":
        return OpenVino(graph, choice, cache)
    if choice.engine == "torch":
        return Torch(weights, choice)
    return OnnxRuntime(graph, choice, providers_of(choice, cache))
