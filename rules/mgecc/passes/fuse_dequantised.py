"""Products of dequantised numbers whose results are quantised become products of integers.

Files of ONNX state a quantised layer as real arithmetic between DequantizeLinear and QuantizeLinear. Sums of products
of such numbers are whole multiples of the product of both scales, so they are summed as integers and multiplied by one
factor a channel (mgecc.ops.rescale). What is not such a layer stays real arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from mgecc import ops
from mgecc.graph import DType, Graph, Node, Value
from mgecc.graph.attributes import changed
from mgecc.graph.types import INT32
from mgecc.ops.activation import IDENTITY, of_node
from mgecc.ops.dequantize import DequantizeAttrs, spread
from mgecc.ops.matmul import MatrixMulAttrs
from mgecc.ops.quantize import scale_of
from mgecc.ops.quantize_op import QuantizeAttrs
from mgecc.ops.rescale import GREATEST_FACTOR, Rescale
from mgecc.passes.build import constant, node_like, take_over
from mgecc.passes.match import Users, is_elemwise, other_input

_BYTES = ("qint8", "quint8")
_PRODUCTS = ("ConvBias", "MatrixMul")
_MOVES = ("Reshape", "AxisAddRemove")
_MOST_BIAS = 2.0**30


@dataclass
class _Layer:
    """A Quantize node with what it quantises, from the product on: ``moves`` behind it, first to last."""

    quantize: Node
    product: Node
    moves: list[Node]
    bias: Value | None
    rectified: bool


@dataclass(frozen=True)
class _Steps:
    """Known numbers as whole ``steps``, counted from the zero point, times ``scales``; of one shape."""

    steps: np.ndarray
    scales: np.ndarray

    def by(self, axis: int) -> np.ndarray | None:
        """The scale of each part along an axis, or the one of all; None if it varies along others."""
        rows = np.moveaxis(self.scales, axis, 0).reshape(self.scales.shape[axis], -1)
        if rows.size == 0 or not (rows == rows[:, :1]).all():
            return None
        found: np.ndarray = rows[:, 0]
        return found[:1] if (found == found[0]).all() else found


@dataclass
class _Walk:
    """From a Quantize node towards the product."""

    users: Users
    moves: list[Node] = field(default_factory=list)
    bias: Value | None = None
    rectified: bool = False

    def step(self, node: Node) -> Value | None:
        """The operand through which the walk goes on; None where it ends."""
        if is_elemwise(node, "relu") and self.bias is None:
            self.rectified = True
        elif node.op in _MOVES and _moves_only(node):
            self.moves.insert(0, node)
        elif is_elemwise(node, "add") and self.bias is None:
            self.bias = next((v for v in node.inputs if _is_known(v)), None)
            return None if self.bias is None else other_input(node, self.bias)
        else:
            return None
        return node.inputs[0]


def _moves_only(node: Node) -> bool:
    return all(v.is_const for v in node.inputs[1:])


def _is_known(value: Value) -> bool:
    node = value.producer
    if value.is_const or node is None:
        return value.is_const
    return node.op == "Dequantize" or (node.op in _MOVES and _moves_only(node) and _is_known(node.inputs[0]))


def _layer(quantize: Node, users: Users) -> _Layer | None:
    walk, value, reader = _Walk(users), quantize.inputs[0], quantize
    while users.only(value) is reader and value.producer is not None:
        node = value.producer
        if node.op in _PRODUCTS:
            return _Layer(quantize, node, walk.moves, walk.bias, walk.rectified)
        following = walk.step(node)
        if following is None:
            return None
        value, reader = following, node
    return None


def _steps_of(value: Value) -> _Steps | None:
    """What Dequantize makes of a constant, moved or transposed."""
    node = value.producer
    if node is None or not node.inputs:
        return None
    if node.op == "Dequantize" and node.inputs[0].const is not None:
        stored = node.inputs[0].const
        scales, zeros = spread(node.attributes(DequantizeAttrs), stored.ndim)
        return _Steps(stored.astype(np.int64) - zeros, np.broadcast_to(scales, stored.shape))
    if node.op not in (*_MOVES, "Dimshuffle") or not _moves_only(node):
        return None
    inner = _steps_of(node.inputs[0])
    rest = [v.const for v in node.inputs[1:] if v.const is not None]
    if inner is None or np.abs(inner.steps).max(initial=0) > 1 << 24:
        return None
    parts = [
        ops.evaluate(node, [np.ascontiguousarray(a, np.float32), *rest])[0]
        for a in (inner.steps, inner.scales)
    ]
    return _Steps(parts[0].astype(np.int64), parts[1])


def _data(value: Value) -> tuple[Value, list[Node]] | None:
    """The quantised bytes that a value holds as real numbers, and the moves behind them."""
    moves: list[Node] = []
    while value.producer is not None and value.producer.op in _MOVES and _moves_only(value.producer):
        moves.insert(0, value.producer)
        value = value.producer.inputs[0]
    node = value.producer
    if node is None or node.op != "TypeCvt" or node.inputs[0].type.dtype.name not in _BYTES:
        return None
    return (node.inputs[0], moves) if node.output.type.dtype.name == "float32" else None


def _real(value: Value) -> np.ndarray:
    """The numbers of a known value."""
    found = _steps_of(value)
    if found is not None:
        return np.asarray(found.steps * found.scales.astype(np.float64))
    assert value.const is not None
    return value.const.astype(np.float64)


def _is_by_channel(value: Value, axis: int, rank: int, channels: int) -> bool:
    """Whether a term has one number for each channel, or one for all."""
    shape = (1,) * (rank - len(value.shape)) + tuple(value.shape)
    rest = [n for k, n in enumerate(shape) if k != axis % rank]
    return len(shape) == rank and shape[axis] in (1, channels) and all(n == 1 for n in rest)


def _terms(layer: _Layer, units: np.ndarray, channels: int) -> np.ndarray | None:
    """The bias of all channels, counted in what the sums count; None if there is no such one."""
    total = np.zeros(channels)
    own, axis = layer.product.inputs[2:3], -1 if layer.product.op == "MatrixMul" else 1
    if own and own[0].type.elements:
        if not _is_known(own[0]) or own[0].type.elements != channels:
            return None
        total = total + _real(own[0]).reshape(-1)
    if layer.bias is not None:
        rank = layer.quantize.inputs[0].type.rank
        if len(layer.bias.shape) > rank or not _is_by_channel(layer.bias, axis, rank, channels):
            return None
        total = total + _real(layer.bias).reshape(-1)
    if not (units > 0).all():
        return None
    counted = np.rint(total / units)
    return counted.astype(np.int32) if np.abs(counted).max(initial=0) < _MOST_BIAS else None


def _is_bare(node: Node) -> bool:
    return of_node(node.attrs) == IDENTITY and len(node.inputs) <= 3


def _rescale(layer: _Layer, units: np.ndarray) -> Rescale | None:
    y = layer.quantize.attributes(QuantizeAttrs).dtype
    with np.errstate(all="ignore"):
        factors = units.astype(np.float32) / scale_of(y)
    low, high = y.range
    if y.name not in _BYTES or not (factors <= GREATEST_FACTOR).all():
        return None
    low = max(low, y.zero_point) if layer.rectified else low
    return Rescale("half_even", tuple(map(float, factors)), low, high)


def _moved(value: Value, moves: list[Node]) -> Iterator[Node]:
    """The moves for another value."""
    for move in moves:
        made = node_like(move, move.op, move.attrs, [value, *move.inputs[1:]])
        yield made
        value = made.output


def _weights_axis(product: Node) -> int:
    """Of the output channels."""
    if product.op == "ConvBias":
        return 0
    return -2 if product.attributes(MatrixMulAttrs).transpose_b else -1


def _integers(layer: _Layer) -> list[Node] | None:
    """The layer in integers; None if it is no such one."""
    product, y = layer.product, layer.quantize.attributes(QuantizeAttrs)
    data, weights = _data(product.inputs[0]), _steps_of(product.inputs[1])
    if data is None or weights is None or not _is_bare(product) or y.ties != "half_even":
        return None
    scales = weights.by(_weights_axis(product))
    if scales is None or not (-128 <= weights.steps.min() and weights.steps.max() <= 127):
        return None
    channels = product.output.shape[1 if product.op == "ConvBias" else -1]
    units = (scale_of(data[0].type.dtype) * scales).astype(np.float64)
    bias, by = _terms(layer, units, channels), _rescale(layer, units)
    if bias is None or by is None:
        return None
    before = list(_moved(*data))
    x = before[-1].output if before else data[0]
    w = constant(product.inputs[1].name, weights.steps, DType("qint8"))
    shape = (1, -1, 1, 1) if product.op == "ConvBias" else (1, -1)
    b = constant(f"{product.name}.bias", bias.reshape(shape), INT32)
    attrs = changed(product.attrs, output_dtype=y.dtype, rescale=by)
    made = node_like(product, product.op, attrs, [x, w, b])
    after = list(_moved(made.output, layer.moves))
    nodes = [*before, made, *after]
    take_over(nodes[-1], layer.quantize)
    return nodes


def fuse(graph: Graph) -> None:
    users = Users(graph)
    nodes: list[Node] = []
    for node in graph.nodes:
        layer = _layer(node, users) if node.op == "Quantize" else None
        nodes += (_integers(layer) if layer is not None else None) or [node]
    graph.nodes = nodes
    graph.sweep()


def fold(graph: Graph) -> None:
    """Numbers that no layer has taken become constants."""
    for node in graph.nodes:
        if node.op == "Dequantize" and node.inputs[0].const is not None:
            node.output.const = ops.evaluate(node, [node.inputs[0].const])[0]
            node.output.producer = None
    graph.nodes = [node for node in graph.nodes if node.op != "Dequantize"]


def run(graph: Graph) -> None:
    if any(node.op in ("Quantize", "Dequantize") for node in graph.nodes):
        fuse(graph)
        fold(graph)
