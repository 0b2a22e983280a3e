"""Which engine runs the graph here: a pure choice from what was found, with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Name = Literal["tensorrt", "onnxruntime", "torch", "openvino"]
Precision = Literal["f32", "bf16", "f16"]
ORDER: tuple[Name, ...] = ("tensorrt", "onnxruntime", "torch", "openvino")
"""From the fastest kind of hardware to the one that is always there."""
ENGINE_ENV = "MENINX_ENGINE"
PRECISION_ENV = "MENINX_PRECISION"
THREADS_ENV = "INFERENCE_NUM_THREADS"
FIELDS = ("engine", "device", "precision", "verdict", "why")
"""Columns of the table of engines."""
BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})


@dataclass(frozen=True)
class Found:
    """What there is to run on; versions of libraries, empty where one can't be imported."""

    libraries: Mapping[str, str]
    providers: frozenset[str] = frozenset()
    """Execution providers of ONNX Runtime."""
    torch_gpu: str = ""
    """Name of the GPU that torch sees."""
    cpu_flags: frozenset[str] = frozenset()
    cores: int = 1
    program: bool = False
    """Whether the weights hold an exported torch program beside the graph."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """Engines that were tried here and what they said."""


@dataclass(frozen=True)
class Wanted:
    """What the environment asks for; empty means choose."""

    engine: str = ""
    precision: str = ""
    threads: int = 0


@dataclass(frozen=True)
class Option:
    """One engine: usable or not, and why."""

    engine: Name
    device: Literal["GPU", "CPU"]
    precision: Precision
    version: str
    usable: bool
    reason: str


@dataclass(frozen=True)
class EngineChoice:
    """What runs the graph, as a result names it."""

    engine: Name
    device: Literal["GPU", "CPU"]
    precision: Precision
    version: str
    threads: int
    reason: str


def wanted_from(environment: Mapping[str, str]) -> Wanted:
    """Read what is asked for. Raises ValueError for an engine, precision or number that is none."""
    engine, precision = environment.get(ENGINE_ENV, ""), environment.get(PRECISION_ENV, "")
    if engine and engine not in ORDER:
        raise ValueError(f"{ENGINE_ENV}={engine}: use one of {', '.join(ORDER)}")
    if precision not in {"", "f32", "bf16", "f16"}:
        raise ValueError(f"{PRECISION_ENV}={precision}: use f32, bf16 or f16")
    return Wanted(engine, precision, int(environment.get(THREADS_ENV, "0")))


def options(found: Found) -> tuple[Option, ...]:
    """Return every engine in order of preference, with why it can or can't be used."""
    runtime, torch = found.libraries.get("onnxruntime", ""), found.libraries.get("torch", "")
    every = (
        _runtime("tensorrt", "TensorrtExecutionProvider", runtime, found),
        _runtime("onnxruntime", "CUDAExecutionProvider", runtime, found),
        _torch(torch, found),
        _openvino(found.libraries.get("openvino", ""), found),
    )
    return tuple(
        replace(option, usable=False, reason=f"it failed here: {found.failed[option.engine]}")
        if option.engine in found.failed
        else option
        for option in every
    )


def _runtime(engine: Name, provider: str, version: str, found: Found) -> Option:
    precision: Precision = "f16" if engine == "tensorrt" else "f32"
    if not version:
        return Option(engine, "GPU", precision, "", False, "ONNX Runtime is not installed")
    there = provider in found.providers
    reason = f"ONNX Runtime has {provider}" if there else f"ONNX Runtime has no {provider}"
    return Option(engine, "GPU", precision, version, there, reason)


def _torch(version: str, found: Found) -> Option:
    why = "torch is not installed"
    if version and not found.torch_gpu:
        why = "torch sees no GPU"
    elif version and not found.program:
        why = "the weights hold no torch program (model.pt2)"
    elif version:
        why = f"torch sees {found.torch_gpu}"
    usable = bool(version and found.torch_gpu and found.program)
    return Option("torch", "GPU", "f32", version, usable, why)


def _openvino(version: str, found: Found) -> Option:
    if not version:
        return Option("openvino", "CPU", "f32", "", False, "OpenVINO is not installed")
    flags = sorted(found.cpu_flags & BF16_FLAGS)
    if flags:
        return Option(
            "openvino", "CPU", "bf16", version, True, f"the CPU has {' and '.join(flags)}"
        )
    return Option("openvino", "CPU", "f32", version, True, "the CPU has no bfloat16")


def choose(found: Found, wanted: Wanted) -> EngineChoice:
    """Return the first usable engine, or the one asked for. Raises ValueError where there is none."""
    for option in options(found):
        if wanted.engine not in {"", option.engine}:
            continue
        if option.usable:
            return _chosen(option, found, wanted)
        if wanted.engine:
            raise ValueError(f"{ENGINE_ENV}={wanted.engine}, but {option.reason}")
    raise ValueError("no engine can run here: install openvino")


def _chosen(option: Option, found: Found, wanted: Wanted) -> EngineChoice:
    reason = f"{option.reason}, as {ENGINE_ENV} asks" if wanted.engine else option.reason
    chosen = EngineChoice(
        option.engine, option.device, option.precision, option.version,
        wanted.threads or found.cores, reason,
    )  # fmt: skip
    if wanted.precision in {"", chosen.precision}:
        return chosen
    if not can(option.engine, wanted.precision):
        raise ValueError(f"{PRECISION_ENV}={wanted.precision}: {option.engine} can't do that here")
    asked: Precision = wanted.precision  # type: ignore[assignment]
    return replace(chosen, precision=asked, reason=f"{reason}; {PRECISION_ENV} asks for {asked}")


def can(engine: Name, precision: str) -> bool:
    """Tell whether an engine can compute in a precision."""
    return (
        precision
        in {
            "tensorrt": {"f32", "f16"},
            "onnxruntime": {"f32"},
            "torch": {"f32", "bf16", "f16"},
            "openvino": {"f32", "bf16"},
        }[engine]
    )


def without(found: Found, engine: Name, why: str) -> Found:
    """Return what is left once an engine failed to start."""
    return replace(found, failed={**found.failed, engine: why})


def in_float32(choice: EngineChoice, why: str) -> EngineChoice:
    """Return the same engine in float32, with what was wrong with less."""
    return replace(choice, precision="f32", reason=f"{choice.reason}, but {why}")


def table(found: Found, wanted: Wanted) -> tuple[tuple[str, str, str, str, str], ...]:
    """Return each engine by the columns of FIELDS: chosen, usable or no, and why."""
    chosen = choose(found, wanted)
    return tuple(
        (
            option.engine,
            option.device,
            chosen.precision if option.engine == chosen.engine else option.precision,
            "chosen" if option.engine == chosen.engine else "usable" if option.usable else "no",
            chosen.reason if option.engine == chosen.engine else option.reason,
        )
        for option in options(found)
    )
