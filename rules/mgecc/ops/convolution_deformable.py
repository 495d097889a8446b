"""Deformable convolution: taps displaced by computed offsets, weighed by a computed mask."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.ops.arithmetic import finish_node, output_type, widen
from mgecc.ops.contraction import contract
from mgecc.ops.convolution import ConvolutionAttrs, Geometry, geometry
from mgecc.ops.registry import Operator, operator


def _taps(geo: Geometry) -> int:
    return geo.weights[3] * geo.weights[4]


def _check(node: Node, geo: Geometry) -> None:
    """Unsupported unless offset (n, 2 dg taps, oh, ow) and mask (n, dg taps, oh, ow) fit."""
    offset, mask = (v.shape for v in node.inputs[2:4])
    groups, rest = divmod(mask[1] if len(mask) == 4 else 1, _taps(geo))
    sizes = [(geo.x[0], factor * groups * _taps(geo), *geo.output[2:]) for factor in (2, 1)]
    if rest or not groups or geo.x[1] % groups or [offset, mask] != sizes:
        shapes = f"offset {list(offset)}, mask {list(mask)}"
        raise Unsupported(f"{shapes} do not fit a result of shape {list(geo.output)}")


def bilinear(x: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """Samples of planes x (..., h, w) at rows, cols (..., k): (..., k); zero outside, where no neighbour exists."""
    height, width = x.shape[-2:]
    top, left = np.floor(rows), np.floor(cols)
    flat = x.reshape(*x.shape[:-2], height * width)
    total = np.zeros(np.broadcast_shapes(x.shape[:-2] + (1,), rows.shape), x.dtype)
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        i, j = top + down, left + right
        weight = (1 - np.abs(rows - i)) * (1 - np.abs(cols - j))
        inside = (i >= 0) & (i < height) & (j >= 0) & (j < width)
        index = np.where(inside, i * width + j, 0).astype(np.int64)
        total += np.take_along_axis(flat, index, axis=-1) * np.where(inside, weight, 0)
    return total


def _grid(geo: Geometry, axis: int) -> np.ndarray:
    """Undisplaced coordinates of all taps along ``axis``, to be broadcast to (kh, kw, oh, ow)."""
    window, count = geo.window, geo.output[2 + axis]
    taps = np.arange(window.kernel[axis]) * window.dilate[axis] - window.pad[axis][0]
    shape = [1, 1, 1, 1]
    shape[axis], shape[2 + axis] = window.kernel[axis], count
    return (taps[:, None] + np.arange(count) * window.stride[axis]).reshape(shape).astype(np.float32)


def _columns(node: Node, geo: Geometry, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Displaced and weighed windows (n, c, oh, ow, kh, kw)."""
    data, _, offset, mask = (widen(a, v.type.dtype) for a, v in zip(inputs, node.inputs))
    count, channels = geo.x[:2]
    positions, kernel = geo.output[2:], geo.window.kernel
    groups = mask.shape[1] // _taps(geo)
    offset = offset.reshape(count, groups, *kernel, 2, *positions)
    flat = (count, groups, 1, -1)
    places = [(_grid(geo, axis) + offset[:, :, :, :, axis]).reshape(flat) for axis in (0, 1)]
    planes = data.reshape(count, groups, channels // groups, *geo.x[2:])
    spots = [np.broadcast_to(p, (count, groups, channels // groups, p.shape[-1])) for p in places]
    samples = bilinear(planes, *spots) * mask.reshape(count, groups, 1, -1)
    return np.asarray(samples.reshape(count, channels, *kernel, *positions).transpose(0, 1, 4, 5, 2, 3))


@operator("DeformableConv")
class DeformableConv(Operator):
    """Inputs x, w, offset (n, 2 dg kh kw, oh, ow) with pairs (dy, dx), mask (n, dg kh kw, oh, ow)."""

    Attributes = ConvolutionAttrs
    operands = "float float float float"
    limits = "NCHW, floating point"
    weights = (1,)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        geo = geometry(node)
        _check(node, geo)
        if not node.inputs[0].type.dtype.is_float:
            raise Unsupported("deformable convolution of integers does not exist")
        return [TensorType(geo.output, output_type(node))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        geo = geometry(node)
        weights = widen(inputs[1], node.inputs[1].type.dtype).reshape(geo.weights)
        return [finish_node(node, contract(_columns(node, geo, inputs), weights), [])]
