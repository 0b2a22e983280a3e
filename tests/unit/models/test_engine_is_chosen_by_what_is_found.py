from pathlib import Path

import pytest

from meninx_models.infer.choice import Found, Wanted, choose, options, table, wanted_from, without
from meninx_models.infer.found import cpu_flags, look, memory_limit, quota

CPU = Found({"openvino": "2026.4"}, cpu_flags=frozenset({"avx512_bf16", "avx2"}), cores=8)
CUDA = Found(
    {"openvino": "2026.4", "onnxruntime": "1.24"}, frozenset({"CUDAExecutionProvider"}), cores=4
)
TENSORRT = Found(
    {"openvino": "2026.4", "onnxruntime": "1.24"},
    frozenset({"TensorrtExecutionProvider", "CUDAExecutionProvider"}),
)
TORCH = Found({"openvino": "2026.4", "torch": "2.15"}, torch_gpu="H100", program=True)
OLD_CPU = Found({"openvino": "2026.4"}, cpu_flags=frozenset({"avx2"}))

CHOICES = {
    "CPU with bfloat16": (CPU, "openvino", "bf16", "the CPU has avx512_bf16"),
    "CPU without": (OLD_CPU, "openvino", "f32", "the CPU has no bfloat16"),
    "CUDA": (CUDA, "onnxruntime", "f32", "ONNX Runtime has CUDAExecutionProvider"),
    "TensorRT": (TENSORRT, "tensorrt", "f16", "ONNX Runtime has TensorrtExecutionProvider"),
    "torch with a GPU": (TORCH, "torch", "f32", "torch sees H100"),
}


@pytest.mark.parametrize(("found", "engine", "precision", "why"), CHOICES.values(), ids=CHOICES)
def test_fastest_kind_that_is_there_is_chosen(
    found: Found, engine: str, precision: str, why: str
) -> None:
    chosen = choose(found, Wanted())
    assert (chosen.engine, chosen.precision, chosen.reason) == (engine, precision, why)
    assert chosen.threads == found.cores


def test_wish_for_an_engine_and_precision_is_met_and_said() -> None:
    wanted = wanted_from({"MENINX_ENGINE": "openvino", "MENINX_PRECISION": "f32"})
    chosen = choose(TENSORRT, wanted)
    assert (chosen.engine, chosen.precision) == ("openvino", "f32")
    assert "MENINX_ENGINE asks" in chosen.reason


def test_threads_that_are_asked_for_win_over_cores() -> None:
    assert choose(CPU, wanted_from({"INFERENCE_NUM_THREADS": "3"})).threads == 3


UNMET = {
    "an engine that is not there": ({"MENINX_ENGINE": "torch"}, "torch is not installed"),
    "an engine that nobody knows": ({"MENINX_ENGINE": "abacus"}, "use one of"),
    "a precision that nobody knows": ({"MENINX_PRECISION": "f8"}, "use f32, bf16 or f16"),
    "a precision it can't do": ({"MENINX_PRECISION": "f16"}, "openvino can't do that"),
}


@pytest.mark.parametrize(("environment", "why"), UNMET.values(), ids=UNMET)
def test_wish_that_cannot_be_met_is_refused(environment: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        choose(CPU, wanted_from(environment))


def test_engine_that_failed_gives_way_to_the_next() -> None:
    left = without(TENSORRT, "tensorrt", "libnvinfer.so.10 is missing")
    assert choose(left, Wanted()).engine == "onnxruntime"
    assert "libnvinfer" in options(left)[0].reason


def test_nothing_to_run_on_is_said_plainly() -> None:
    with pytest.raises(ValueError, match="install openvino"):
        choose(Found({}), Wanted())


def test_table_says_of_each_engine_why() -> None:
    rows = {row[0]: row for row in table(TENSORRT, Wanted())}
    assert rows["tensorrt"][3] == "chosen"
    assert rows["onnxruntime"][3] == "usable"
    assert rows["torch"][3:] == ("no", "torch is not installed")
    assert list(rows) == ["tensorrt", "onnxruntime", "torch", "openvino"]


def test_torch_without_a_program_is_no_engine() -> None:
    found = Found({"torch": "2.15"}, torch_gpu="H100")
    assert "no torch program" in options(found)[2].reason


def test_this_machine_has_an_engine() -> None:
    assert choose(look(), Wanted()).engine == "openvino"


def test_flags_are_read_from_the_first_processor(tmp_path: Path) -> None:
    facts = tmp_path / "cpuinfo"
    facts.write_text("processor: 0\nflags\t\t: fpu avx512_bf16\n\nprocessor: 1\nflags : fpu\n")
    assert cpu_flags(facts) == {"fpu", "avx512_bf16"}
    assert cpu_flags(tmp_path / "none") == frozenset()


QUOTAS = {
    "version 2": ({"max": "150000 100000"}, 2),
    "version 2, no limit": ({"max": "max 100000"}, 1 << 16),
    "version 1": ({"quota": "300000", "period": "100000"}, 3),
    "version 1, no limit": ({"quota": "-1", "period": "100000"}, 1 << 16),
    "neither": ({}, 1 << 16),
    "unreadable": ({"max": "nonsense"}, 1 << 16),
}


@pytest.mark.parametrize(("files", "cores"), QUOTAS.values(), ids=QUOTAS)
def test_limit_of_the_container_is_its_cores(
    tmp_path: Path, files: dict[str, str], cores: int
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert quota(tmp_path / "max", tmp_path / "quota", tmp_path / "period") == cores


LIMITS = {
    "version 2": ({"v2": "1073741824"}, 1 << 30),
    "version 2, no limit": ({"v2": "max"}, None),
    "version 1": ({"v1": "536870912"}, 1 << 29),
    "version 1, no limit": ({"v1": "9223372036854771712"}, None),
    "neither": ({}, None),
}


@pytest.mark.parametrize(("files", "limit"), LIMITS.values(), ids=LIMITS)
def test_memory_of_the_container_is_its_limit(
    tmp_path: Path, files: dict[str, str], limit: int | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert memory_limit(tmp_path / "v2", tmp_path / "v1") == limit
