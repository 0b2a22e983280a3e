"""What the pods and images cost: memory at its peak, size on the node."""

import json
import re

from tests.bench.rows import Row, less_is_better
from tests.demo.install import NAMESPACE
from tests.demo.target import Target

MIB = 1024 * 1024


def peak_mib(target: Target, workload: str) -> float:
    """Return the peak resident memory of a workload's first process in MiB (VmHWM)."""
    said = target.kubectl("-n", NAMESPACE, "exec", workload, "--", "cat", "/proc/1/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", said)
    if found is None:
        raise ValueError(f"{workload} does not tell its memory: {said[:200]}")
    return int(found[1]) / 1024


def memory_row(target: Target, workload: str, goal_mib: float) -> Row:
    """Return the peak of a workload beside its goal."""
    name = workload.rpartition("-")[2]
    peak = peak_mib(target, workload)
    return less_is_better(
        f"path.{name}_memory_mib", peak, "MiB", ("goal", goal_mib), f"< {goal_mib:.0f}"
    )


def image_rows(target: Target, tags: list[str]) -> list[Row]:
    """Return the size of each image on the node, as the kubelet tells it."""
    nodes = json.loads(target.kubectl("get", "nodes", "-o", "json"))["items"]
    sizes = {
        name: image["sizeBytes"]
        for node in nodes
        for image in node["status"].get("images") or []
        for name in image.get("names") or []
    }
    return [
        Row(
            f"path.image_mib.{tag.rpartition('/')[2].partition(':')[0]}",
            round(size / MIB, 1),
            "MiB",
        )
        for tag in tags
        if (size := sizes.get(tag)) is not None
    ]
