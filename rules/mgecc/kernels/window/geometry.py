"""A windowed product of any of the served operators in numbers; 2-D ones have a depth of 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np

from mgecc.graph import Node, Value
from mgecc.graph.symbolic import whole
from mgecc.kernels.plain import require_const, require_float32
from mgecc.kernels.weights import WeightType, weight_type
from mgecc.ops.convolution import ConvolutionAttrs, FilterAttrs, grouped

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class Windowed:
    """Sizes (depth, height, width) of one product. ``form``: conv, deconv, region or local.

    ``areas``: rows and columns of areas with weights of their own, (1, 1) when all positions share them.
    """

    form: str
    x: Value
    weights: Value
    regions: tuple[Value, ...]
    n: int
    groups: int
    ic: int
    oc: int
    size: Triple
    out: Triple
    kernel: Triple
    stride: Triple
    pad: Triple
    dilate: Triple
    stored: WeightType
    areas: tuple[int, int] = (1, 1)

    @property
    def taps(self) -> int:
        return prod(self.kernel)

    @property
    def area(self) -> tuple[int, int]:
        """Rows and columns of result positions of one area."""
        return self.out[1] // self.areas[0], self.out[2] // self.areas[1]

    @property
    def macs(self) -> int:
        return self.n * self.groups * self.ic * self.oc * prod(self.out) * self.taps


def _triple(values: tuple[int, ...], fill: int) -> Triple:
    full = (fill,) * (3 - len(values)) + tuple(whole(v) for v in values)
    return full[0], full[1], full[2]


@dataclass(frozen=True)
class _Operands:
    """Which input is what, and the axes (group, areas, in, kernel, out) of the weights with their group axis."""

    form: str
    x: int
    weights: int
    rank: int
    order: Callable[[int], tuple[int, ...]]


def _forward(rank: int) -> tuple[int, ...]:
    return (0, *range(3, 3 + rank), 2, 1)


def _backward(rank: int) -> tuple[int, ...]:
    return (0, *range(3, 3 + rank), 1, 2)


def _local(_rank: int) -> tuple[int, ...]:
    return (0, 1, 2, 4, 5, 3, 6)


_OPERANDS: dict[str, _Operands] = {
    "ConvolutionBackwardData": _Operands("deconv", 1, 0, 2, _backward),
    "Convolution3D": _Operands("conv", 0, 1, 3, _forward),
    "Convolution3DBackwardData": _Operands("deconv", 1, 0, 3, _backward),
    "RegionRestrictedConvolution": _Operands("region", 0, 1, 2, _forward),
    "Local": _Operands("local", 0, 1, 2, _local),
    "GroupLocal": _Operands("local", 0, 1, 2, _local),
    "LocalShare": _Operands("local", 0, 1, 2, _local),
}
SERVED = tuple(sorted(_OPERANDS))


def _full_shape(node: Node, way: _Operands) -> tuple[int, ...]:
    """Of the weights with their axis of groups."""
    shape = node.inputs[way.weights].shape
    if way.form == "local":
        return shape if len(shape) == 7 else (1, *shape)
    return grouped(shape, node.attributes(ConvolutionAttrs).groups)


def weights_of(node: Node) -> np.ndarray:
    """Weights (groups, areas, taps, ic, oc); numbers per group."""
    way = _OPERANDS[node.op]
    w = require_const(node.inputs[way.weights], "weights")
    w = w.reshape(_full_shape(node, way)).transpose(way.order(way.rank))
    areas = w.shape[1:3] if way.form == "local" else (1, 1)
    kernel, (ic, oc) = w.shape[-2 - way.rank : -2], w.shape[-2:]
    w = np.moveaxis(w.reshape(w.shape[0], prod(areas), *kernel, ic, oc), (-2, -1), (2, 3))
    return np.asarray(w.reshape(w.shape[0], prod(areas), ic, oc, -1).transpose(0, 1, 4, 2, 3))


def _weight_sizes(node: Node, way: _Operands) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(groups, ic, oc) and the kernel, from the shape of the weights."""
    full = _full_shape(node, way)
    ordered = [full[axis] for axis in way.order(way.rank)]
    return (ordered[0], ordered[-2], ordered[-1]), tuple(ordered[-2 - way.rank : -2])


def windowed(node: Node) -> Windowed:
    """Sizes of the node; Unsupported for other element types or computed weights."""
    way = _OPERANDS[node.op]
    x, w = node.inputs[way.x], node.inputs[way.weights]
    require_float32((x, w, node.output))
    require_const(w, "weights")
    (groups, ic, oc), kernel = _weight_sizes(node, way)
    window = node.attributes(FilterAttrs).over(kernel)
    areas = tuple(w.shape[-6:-4]) if way.form == "local" else (1, 1)
    sizes = (_triple(x.shape[2:], 1), _triple(node.output.shape[2:], 1), _triple(window.kernel, 1))
    steps = (
        _triple(window.stride, 1),
        _triple(tuple(p for p, _ in window.pad), 0),
        _triple(window.dilate, 1),
    )
    stored = weight_type(node, way.weights)
    regions = tuple(node.inputs[2:4]) if way.form == "region" else ()
    return Windowed(
        way.form, x, w, regions, x.shape[0], groups, ic, oc, *sizes, *steps, stored, (areas[0], areas[1])
    )
