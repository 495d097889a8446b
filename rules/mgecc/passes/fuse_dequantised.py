"""Layers of dequantised numbers whose results are quantised become layers of integers.

Files of ONNX state a quantised layer as real arithmetic between DequantizeLinear and QuantizeLinear. Sums of products
of such numbers are whole multiples of the product of both scales, so they are summed as integers and multiplied by one
factor a channel (mgecc.ops.rescale); rescale_dequantised does so with sums and means. All else stays real arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mgecc import ops
from mgecc.graph import DType, Graph, Node, Value
from mgecc.graph.attributes import changed
from mgecc.graph.types import INT32
from mgecc.ops.activation import IDENTITY, of_node
from mgecc.ops.convolution import ConvolutionAttrs, grouped
from mgecc.ops.matmul import MatrixMulAttrs
from mgecc.ops.quantize import scale_of
from mgecc.ops.quantize_op import QuantizeAttrs
from mgecc.ops.rescale import GREATEST_FACTOR, Rescale
from mgecc.passes import raise_quantised, split_transposed_conv
from mgecc.passes.build import constant, node_like, take_over
from mgecc.passes.dequantised import (
    MOVES,
    Ending,
    commutes,
    data_of,
    ending_of,
    is_known,
    is_quantize,
    moved,
    moves_only,
    steps_of,
)
from mgecc.passes.match import Users, is_elemwise, other_input
from mgecc.passes.rescale_dequantised import rescaled
from mgecc.passes.split_transposed_conv import Kernel

_PRODUCTS = ("ConvBias", "MatrixMul")
_MOST_BIAS = 2.0**30


@dataclass
class _Layer:
    """A Quantize node with what it quantises, from the product on: ``moves`` behind it, first to last."""

    quantize: Node
    product: Node
    moves: list[Node]
    bias: Value | None
    ending: Ending


@dataclass
class _Walk:
    """From a Quantize node towards the product."""

    users: Users
    moves: list[Node] = field(default_factory=list)
    bias: Value | None = None

    def step(self, node: Node) -> Value | None:
        """The operand through which the walk goes on; None where it ends."""
        if node.op in MOVES and moves_only(node):
            self.moves.insert(0, node)
        elif is_elemwise(node, "add") and self.bias is None:
            self.bias = next((v for v in node.inputs if is_known(v)), None)
            return None if self.bias is None else other_input(node, self.bias)
        else:
            return None
        return node.inputs[0]


def _layer(quantize: Node, users: Users) -> _Layer | None:
    ending = ending_of(quantize, users)
    walk, value, reader = _Walk(users), ending.value, ending.reader
    while users.only(value) is reader and value.producer is not None:
        node = value.producer
        if node.op in _PRODUCTS:
            return _Layer(quantize, node, walk.moves, walk.bias, ending)
        following = walk.step(node)
        if following is None:
            return None
        value, reader = following, node
    return None


def _real(value: Value) -> np.ndarray:
    """The numbers of a known value."""
    found = steps_of(value)
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
        if not is_known(own[0]) or own[0].type.elements != channels:
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
    if not (factors <= GREATEST_FACTOR).all():
        return None
    return Rescale("half_even", tuple(map(float, factors)), layer.ending.low, layer.ending.high)


def _weights_axis(product: Node) -> int:
    """Of the output channels."""
    if product.op == "ConvBias":
        return 0
    return -2 if product.attributes(MatrixMulAttrs).transpose_b else -1


def _integers(layer: _Layer) -> list[Node] | None:
    """The layer in integers; None if it is no such one."""
    product, y = layer.product, layer.quantize.attributes(QuantizeAttrs)
    data, weights = data_of(product.inputs[0]), steps_of(product.inputs[1])
    if data is None or weights is None or not _is_bare(product):
        return None
    scales = weights.by(_weights_axis(product))
    if scales is None or not weights.are_bytes:
        return None
    channels = product.output.shape[1 if product.op == "ConvBias" else -1]
    units = (scale_of(data[0].type.dtype) * scales).astype(np.float64)
    bias, by = _terms(layer, units, channels), _rescale(layer, units)
    if bias is None or by is None:
        return None
    before = list(moved(*data))
    x = before[-1].output if before else data[0]
    w = constant(product.inputs[1].name, weights.steps, DType("qint8"))
    shape = (1, -1, 1, 1) if product.op == "ConvBias" else (1, -1)
    b = constant(f"{product.name}.bias", bias.reshape(shape), INT32)
    attrs = changed(product.attrs, output_dtype=y.dtype, rescale=by)
    made = node_like(product, product.op, attrs, [x, w, b])
    after = list(moved(made.output, layer.moves))
    nodes = [*before, made, *after]
    take_over(nodes[-1], layer.quantize)
    return nodes


def _transposed(node: Node, reader: Node | None, users: Users) -> Kernel | None:
    """The weights of a transposed convolution of bytes whose result is quantised; each of its phases is a layer."""
    while reader is not None and commutes(reader) and moves_only(reader):
        reader = users.only(reader.output)
    weights = steps_of(node.inputs[0])
    if not is_quantize(reader) or data_of(node.inputs[1]) is None or weights is None or not weights.are_bytes:
        return None
    shape = grouped(node.inputs[0].shape, node.attributes(ConvolutionAttrs).groups)
    scales = weights.scales.reshape(shape)
    of_channels = scales[:, :1, :, :1, :1]
    if not (scales == of_channels).all():
        return None
    return Kernel(weights.steps.reshape(shape), DType("int8"), tuple(map(float, of_channels.reshape(-1))))


def _fused(quantize: Node, users: Users) -> list[Node] | None:
    layer = _layer(quantize, users)
    return rescaled(quantize, users) if layer is None else _integers(layer)


def fuse(graph: Graph) -> None:
    users = Users(graph)
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes += (_fused(node, users) if is_quantize(node) else None) or [node]
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
        users = Users(graph)
        split_transposed_conv.run(graph, lambda node, reader: _transposed(node, reader, users))
        raise_quantised.run(graph)
        fuse(graph)
        fold(graph)
