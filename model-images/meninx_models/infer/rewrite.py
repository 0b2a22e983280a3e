"""A transposed convolution as a convolution and a pixel shuffle: the same sums, on a faster kernel."""

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino
from openvino import opset13

TRANSPOSED = "ConvolutionBackpropData"
MOST_CHANNELS = 8
"""With more output channels OpenVINO's own kernel is the faster one."""
TAPS = {(0, 0): 1, (1, 0): 2, (1, 1): 0}
"""Parity of the output voxel and step to the input's neighbour: which weight of three joins them."""
KIND = {
    "strides": [2, 2, 2],
    "dilations": [1, 1, 1],
    "pads_begin": [1, 1, 1],
    "pads_end": [1, 1, 1],
    "output_padding": [1, 1, 1],
}


def rewrite(model: Any) -> int:
    """Replace the doubling transposed convolutions to few channels in place; return how many."""
    count = 0
    for node in model.get_ordered_ops():
        if node.get_type_name() == TRANSPOSED and _is_ours(node):
            weights = node.input_value(1).get_node().get_data()
            sums = _sums(node.input_value(0), shuffle_kernel(weights))
            node.output(0).replace(opset13.depth_to_space(sums, "blocks_first", 2).output(0))
            count += 1
    return count


def _sums(source: Any, kernel: npt.NDArray[np.float32]) -> Any:
    """Return the convolution of a kernel; of joined inputs without joining them, which is a copy."""
    joined = source.get_node()
    parts = [source]
    if joined.get_type_name() == "Concat" and joined.get_attributes()["axis"] in {1, -4}:
        parts = list(joined.input_values())
    sums, first = None, 0
    for part in parts:
        last = first + part.get_partial_shape()[1].get_length()
        weights = opset13.constant(np.ascontiguousarray(kernel[:, first:last]))
        product = opset13.convolution(part, weights, [1, 1, 1], [0, 0, 0], [1, 1, 1], [1, 1, 1])
        sums, first = product if sums is None else opset13.add(sums, product), last
    return sums


def _is_ours(node: Any) -> bool:
    facts, weights = node.get_attributes(), node.input_value(1).get_node()
    return (
        weights.get_type_name() == "Constant"
        and tuple(weights.get_output_shape(0))[2:] == (3, 3, 3)
        and weights.get_output_shape(0)[1] <= MOST_CHANNELS
        and all(list(facts.get(name, [])) == value for name, value in KIND.items())
    )


def shuffle_kernel(weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return (8 outputs, inputs, 2, 2, 2) from transposed weights (inputs, outputs, 3, 3, 3)."""
    inputs, outputs = weights.shape[:2]
    kernel = np.zeros((2, 2, 2, outputs, inputs, 2, 2, 2), np.float32)
    for (x, i), (y, j), (z, k) in itertools.product(TAPS, repeat=3):
        here = weights[:, :, TAPS[x, i], TAPS[y, j], TAPS[z, k]]
        kernel[x, y, z, :, :, i, j, k] = here.T
    return kernel.reshape(8 * outputs, inputs, 2, 2, 2)


def single_output(model: Any, name: str) -> Any:
    """Return the model with one of its outputs only; what the others need is not computed."""
    return openvino.Model([model.output(name)], model.get_parameters())
