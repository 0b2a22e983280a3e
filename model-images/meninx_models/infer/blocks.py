"""The layer that doubles a network's resolution, answered in blocks of voxels: the same sums, sooner.

OpenVINO's transposed convolution to one channel and its trilinear interpolation cost more than the rest of a small
network. Either is a convolution that gives all voxels of a block as channels: 16, a full vector. They are put in their
places outside of the graph, where that is a copy of four voxels at a time.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino
from openvino import opset13

BLOCK = (2, 2, 4)
"""Voxels of the answer in a block, by axis; from 1 x 1 x 2 voxels of half the resolution."""
TRILINEAR = np.array([1, 3, 3, 1], np.float32) / 4
"""Interpolation to twice the resolution, voxel centres kept, as a transposed convolution along one axis."""
DOUBLING = {
    "strides": [2, 2, 2],
    "dilations": [1, 1, 1],
    "pads_begin": [1, 1, 1],
    "pads_end": [1, 1, 1],
    "output_padding": [1, 1, 1],
}
INTERPOLATING = {"mode": "linear_onnx", "coordinate_transformation_mode": "half_pixel"}
ROWS_LAST = [0, 2, 3, 4, 1]
"""Channels after the axes: how they already lie in memory, so that turning costs nothing."""
Array = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Doubling:
    """A network's last layer: what it reads, as which transposed convolution, what it adds."""

    source: Any
    weights: Array
    """(inputs, k, k, k), stride 2, padding 1."""
    repeats_edge: bool
    """Beyond the border lies what is at it, not 0."""
    bias: float = 0.0


def in_blocks(model: Any, output: str, *, bfloat16: bool) -> Any | None:
    """Return the model that gives an output as blocks (x/2 * y/2 * z/4, 16); None where its last layer doesn't double.

    The shape of the model is known and of one window. `bfloat16`: what the answer is given in, else float32.
    """
    found, squashed = _last_layer(model, output)
    if found is None or model.input(0).shape[0] != 1 or found.source.shape[-1] % 2:
        return None
    sums = opset13.add(_sums(found), np.float32(found.bias))
    values = opset13.sigmoid(sums) if squashed else sums
    # a graph that ends in float32 adds its last layer up in it
    answer = opset13.convert(values, "bf16") if bfloat16 else values
    return openvino.Model([opset13.result(answer)], model.get_parameters())


def _last_layer(model: Any, output: str) -> tuple[Doubling | None, bool]:
    node = _above(model.output(output).get_node())
    squashed = node.get_type_name() == "Sigmoid"
    node = _above(node) if squashed else node
    bias = 0.0
    if node.get_type_name() == "Add":
        added = _constant(node.input_value(1))
        if added is None or added.size != 1:
            return None, squashed
        bias, node = float(added.ravel()[0]), _above(node)
    return _doubling(node, bias), squashed


def _above(node: Any) -> Any:
    return node.input_value(0).get_node()


def _constant(port: Any) -> Array | None:
    """Return a constant's values, also where it was only given another shape."""
    node = port.get_node()
    node = _above(node) if node.get_type_name() == "Reshape" else node
    return node.get_data() if node.get_type_name() == "Constant" else None


def _doubling(node: Any, bias: float) -> Doubling | None:
    facts = node.get_attributes()
    if node.get_type_name() == "ConvolutionBackpropData":
        weights = _constant(node.input_value(1))
        ours = all(list(facts.get(name, [])) == value for name, value in DOUBLING.items())
        if weights is not None and ours and weights.shape[1:] == (1, 3, 3, 3):
            return Doubling(node.input_value(0), weights[:, 0], False, bias)
    if node.get_type_name() == "Interpolate" and list(node.shape)[1] == 1:
        ours = all(facts.get(name) == value for name, value in INTERPOLATING.items())
        if ours and list(node.shape)[2:] == [2 * n for n in list(node.input_value(0).shape)[2:]]:
            cube = np.einsum("i,j,k->ijk", TRILINEAR, TRILINEAR, TRILINEAR)
            return Doubling(node.input_value(0), cube[None], True, bias)
    return None


def _sums(layer: Doubling) -> Any:
    """Return the blocks' sums; those of joined inputs apart, since joining them is a copy.

    They are added as rows of blocks: added before, OpenVINO turns them in memory (8 of 100 ms in float32).
    """
    kernel, below = block_kernel(layer.weights)
    joined = layer.source.get_node()
    parts = [layer.source]
    if joined.get_type_name() == "Concat" and joined.get_attributes()["axis"] in {1, -4}:
        parts = list(joined.input_values())
    sums, first = None, 0
    for part in parts:
        last = first + part.shape[1]
        weights = np.ascontiguousarray(kernel[:, first:last])
        blocks = _convolved(part, weights, below, repeats_edge=layer.repeats_edge)
        sums, first = blocks if sums is None else opset13.add(sums, blocks), last
    return sums


def _convolved(source: Any, weights: Array, below: int, *, repeats_edge: bool) -> Any:
    pads = [below] * 3, [1] * 3
    if repeats_edge:
        around = [np.array([0, 0, *side]) for side in pads]
        source, pads = opset13.pad(source, *around, "edge"), ([0] * 3, [0] * 3)
    values = opset13.convolution(source, weights, [1, 1, 2], *pads, [1, 1, 1])
    turned = opset13.transpose(values, np.array(ROWS_LAST))
    return opset13.reshape(turned, np.array([-1, len(weights)]), special_zero=False)


def block_kernel(weights: Array) -> tuple[Array, int]:
    """Return a convolution's kernel (16, inputs, kx, ky, kz) that gives blocks, and how far below a voxel it begins.

    `weights`: (inputs, k, k, k) of a transposed convolution of stride 2 and padding 1. Voxel o of its output takes
    weight i from the input's voxel (o + 1 - i) / 2 where that is whole.
    """
    inputs, size = weights.shape[:2]
    taps = [(o, (o + 1 - i) // 2, i) for o in (0, 1) for i in range(size) if (o + 1 - i) % 2 == 0]
    below = -min(step for _, step, _ in taps)
    wide = below + 2
    kernel = np.zeros((*BLOCK, inputs, wide, wide, wide + 1), np.float32)
    for (x, i, u), (y, j, v), (z, k, w) in itertools.product(taps, repeat=3):
        for half in (0, 1):
            place = (i + below, j + below, k + below + half)
            kernel[x, y, z + 2 * half, :, *place] = weights[:, u, v, w]
    return kernel.reshape(-1, inputs, wide, wide, wide + 1), below


class Places:
    """Where the voxels of blocks belong: a volume in float32 whose memory is used again."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._volume = np.zeros(shape, np.float32)
        self._short = np.zeros(0, np.uint16)
        x, y, z = (n // edge for n, edge in zip(shape[-3:], BLOCK, strict=True))
        self._blocks = (x, y, z, *BLOCK[:2])

    def put(self, blocks: npt.NDArray[Any]) -> Array:
        """Return the volume of blocks (any, 16) in float32 or in bfloat16 (two bytes, of whatever type they say)."""
        if blocks.itemsize == self._volume.itemsize:
            self._turn(blocks, self._volume, np.complex128)
        else:
            if not self._short.size:
                self._short = np.empty(self._volume.shape, np.uint16)
            self._turn(blocks, self._short, np.uint64)
            # bfloat16 is the upper half of a float32; the lower one stays 0
            self._volume.view(np.uint16)[..., 1::2] = self._short
        return self._volume

    def _turn(
        self, blocks: npt.NDArray[Any], target: npt.NDArray[Any], four: npt.DTypeLike
    ) -> None:
        """Copy blocks, the four voxels along z as one item of a type."""
        rows: npt.NDArray[Any] = blocks.view(four).reshape(self._blocks).transpose(0, 3, 1, 4, 2)
        target.view(four).reshape(rows.shape)[:] = rows
