"""The layer that reads the head, given neighbours along z as two channels: the same sums, on fuller vectors."""

from typing import Any

import numpy as np
import numpy.typing as npt
from openvino import opset13

CHANNELS_FIRST = [0, 4, 1, 2, 3]
HALVING = {
    "strides": [2, 2, 2],
    "dilations": [1, 1, 1],
    "pads_begin": [1, 1, 1],
    "pads_end": [1, 1, 1],
}
MEAN = {"kernel": [2, 2, 2], "strides": [2, 2, 2], "pads_begin": [0, 0, 0], "pads_end": [0, 0, 0]}
Array = npt.NDArray[np.float32]


def read_in_pairs(model: Any) -> bool:
    """Let the one layer that reads a model's input, and halves it, read pairs; return whether it is so now."""
    image = model.input(0)
    readers = [port.get_node() for port in image.get_target_inputs()]
    if len(readers) != 1 or image.shape[1] != 1 or image.shape[-1] % 2:
        return False
    kernel = _kernel(readers[0])
    if kernel is None:
        return False
    n, _, x, y, z = image.shape
    pairs = opset13.reshape(image, np.array([n, x, y, z // 2, 2]), special_zero=False)
    pairs = opset13.transpose(pairs, np.array(CHANNELS_FIRST))
    before = 1 if kernel.shape[2] == 3 else 0
    begin, end = [before, before, before], [before, before, 0]
    sums = opset13.convolution(pairs, kernel, [2, 2, 1], begin, end, [1, 1, 1])
    readers[0].output(0).replace(sums.output(0))
    return True


def _kernel(node: Any) -> Array | None:
    facts, kind = node.get_attributes(), node.get_type_name()
    if kind == "Convolution" and _is(facts, HALVING):
        weights = node.input_value(1).get_node()
        if weights.get_type_name() == "Constant" and list(weights.shape)[1:] == [1, 3, 3, 3]:
            return pair_kernel(weights.get_data())
    if kind == "AvgPool" and _is(facts, MEAN):
        return np.full((1, 2, 2, 2, 1), 1 / 8, np.float32)
    return None


def _is(facts: dict[str, Any], kind: dict[str, list[int]]) -> bool:
    return all(list(facts.get(name, [])) == value for name, value in kind.items())


def pair_kernel(weights: Array) -> Array:
    """Return (outputs, 2, 3, 3, 2) over pairs from (outputs, 1, 3, 3, 3) of stride 2 and padding 1."""
    kernel = np.zeros((len(weights), 2, 3, 3, 2), np.float32)
    # a voxel's neighbour below is the second of the pair before its own
    kernel[:, 1, :, :, 0] = weights[:, 0, :, :, 0]
    kernel[:, 0, :, :, 1] = weights[:, 0, :, :, 1]
    kernel[:, 1, :, :, 1] = weights[:, 0, :, :, 2]
    return kernel
