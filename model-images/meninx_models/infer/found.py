"""What this machine offers to an engine; nothing heavy is imported to look."""

import importlib.metadata
import importlib.util
import math
import os
from pathlib import Path

from meninx_models.infer.choice import Found

PROGRAM_FILE = "model.pt2"
CPU_FACTS = Path("/proc/cpuinfo")
QUOTA_V2 = Path("/sys/fs/cgroup/cpu.max")
QUOTA_V1, PERIOD_V1 = (
    Path(f"/sys/fs/cgroup/cpu/cpu.cfs_{name}_us") for name in ("quota", "period")
)
MEMORY_V2 = Path("/sys/fs/cgroup/memory.max")
MEMORY_V1 = Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")
DISTRIBUTIONS = {
    "openvino": ("openvino",),
    "onnxruntime": ("onnxruntime-gpu", "onnxruntime"),
    "torch": ("torch",),
}


def look(weights: Path | None = None) -> Found:
    """Return what there is; ONNX Runtime and torch are imported only where they are installed."""
    libraries = {name: _version(name) for name in DISTRIBUTIONS}
    return Found(
        libraries,
        providers=_providers() if libraries["onnxruntime"] else frozenset(),
        torch_gpu=_torch_gpu() if libraries["torch"] else "",
        cpu_flags=cpu_flags(CPU_FACTS),
        cores=cores(),
        program=weights is not None and (weights / PROGRAM_FILE).is_file(),
    )


def _version(module: str) -> str:
    if importlib.util.find_spec(module) is None:
        return ""
    for name in DISTRIBUTIONS[module]:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "unknown"


def _providers() -> frozenset[str]:
    import onnxruntime

    return frozenset(onnxruntime.get_available_providers())


def _torch_gpu() -> str:
    # without the driver's device there is nothing to see, and torch takes seconds to import
    if not Path("/dev/nvidiactl").exists():
        return ""
    import torch

    return str(torch.cuda.get_device_name(0)) if torch.cuda.is_available() else ""


def cpu_flags(facts: Path) -> frozenset[str]:
    """Return the processor's features as Linux names them."""
    if not facts.is_file():
        return frozenset()
    lines = (line for line in facts.read_text().splitlines() if line.startswith("flags"))
    return frozenset(next(lines, "").partition(":")[2].split())


def cores() -> int:
    """Return how many cores the container may use: its affinity, cut by its CPU limit."""
    return max(1, min(len(os.sched_getaffinity(0)), quota(QUOTA_V2, QUOTA_V1, PERIOD_V1)))


def quota(v2: Path, v1: Path, period_v1: Path) -> int:
    """Return the CPU limit in whole cores, rounded up; many where there is none."""
    many = 1 << 16
    try:
        if v2.is_file():
            limit, period = v2.read_text().split()
            return many if limit == "max" else math.ceil(int(limit) / int(period))
        if v1.is_file():
            micros = int(v1.read_text())
            return many if micros <= 0 else math.ceil(micros / int(period_v1.read_text()))
    except (OSError, ValueError):
        return many
    return many


def memory_limit(v2: Path = MEMORY_V2, v1: Path = MEMORY_V1) -> int | None:
    """Return the container's memory limit in bytes; None where there is none or it can't be read."""
    for path in (v2, v1):
        try:
            limit = int(path.read_text()) if path.is_file() else 0
        except (OSError, ValueError):
            continue
        # version 1 says "no limit" by a number beyond any memory
        if 0 < limit < 1 << 60:
            return limit
    return None
