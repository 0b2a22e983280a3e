"""What a graph must cost at the least: its sums over the machine's matrix rate, its bytes over copying."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openvino

BYTES = {"f32": 4, "bf16": 2}


@dataclass(frozen=True)
class Cost:
    """The work of one run of a graph."""

    flops: float
    values: float
    """Values that its convolutions and matrix products read and write."""

    def floor_seconds(self, rates: dict[str, float], precision: str) -> float:
        """Return the larger of the two bounds."""
        sums = self.flops / (rates[precision] * 1e9)
        return max(sums, self.values * BYTES[precision] / (rates["copy"] * 1e9))


def cost_of(graph: Path, shape: tuple[int, ...]) -> Cost:
    """Count multiplications and additions (2 each) of a graph for an input shape."""
    model = openvino.Core().read_model(graph)
    model.reshape([1, 1, *shape])
    flops = values = 0.0
    for node in model.get_ordered_ops():
        sums = _flops(node)
        if sums:
            flops += sums
            values += sum(_size(node.input(i)) for i in (0, 1)) + _size(node.output(0))
    return Cost(flops, values)


def _size(port: Any) -> float:
    return float(math.prod(port.get_shape()))


def _flops(node: Any) -> float:
    kind = node.get_type_name()
    if kind in {"Convolution", "ConvolutionBackpropData"}:
        weights = list(node.input(1).get_shape())
        places = (node.output(0) if kind == "Convolution" else node.input(0)).get_shape()[2:]
        return 2.0 * float(math.prod(weights) * math.prod(places))
    if kind == "MatMul":
        inner = node.input(0).get_shape()[-2 if node.get_attributes().get("transpose_a") else -1]
        return 2.0 * float(math.prod(node.output(0).get_shape()) * inner)
    return 0.0
