"""Remove the padding channels of blocked (NCHWc) inputs: they are neither computed nor read."""

from __future__ import annotations

import numpy as np

from mgecc.graph import Graph, Node, Value
from mgecc.graph.symbolic import equal, has_sizes
from mgecc.ops.convolution import ConvolutionAttrs, is_convolution
from mgecc.ops.index_items import is_open, items_of, slice_of, span_of
from mgecc.ops.padding import PaddingAttrs
from mgecc.passes.build import constant, node_like, take_over
from mgecc.passes.match import Users


def _is_dense(node: Node | None) -> bool:
    """Whether the node is a convolution of constant weights (o, i, h, w)."""
    return (
        node is not None
        and is_convolution(node)
        and node.attributes(ConvolutionAttrs).groups == 1
        and node.inputs[1].is_const
    )


def _part(value: Value, axis: int, count: int) -> Value:
    assert value.const is not None
    return constant(value.name, np.take(value.const, range(count), axis), value.type.dtype)


def _zeros_behind(padding: Node) -> bool:
    """Whether a Padding node only adds channels of zeros behind the others."""
    attrs = padding.attributes(PaddingAttrs)
    rest = [pair for axis, pair in enumerate(attrs.padding) if axis != 1]
    return attrs.is_zeros and attrs.padding[1][0] == 0 and not any(map(any, rest))


def _unread_padding(node: Node) -> None:
    """A convolution of padded channels reads the data before the padding: what is padded counts nothing."""
    padding = node.inputs[0].producer
    if padding is None or padding.op != "Padding" or not _is_dense(node) or not _zeros_behind(padding):
        return
    source = padding.inputs[0]
    node.inputs = [source, _part(node.inputs[1], 1, source.shape[1]), *node.inputs[2:]]


def _first_channels(node: Node) -> int:
    """How many channels, the first ones, a Subtensor node takes and nothing else; 0 for others."""
    if node.op != "Subtensor" or len(node.inputs[0].shape) != 4:
        return 0
    items, shape = items_of(node, 1), node.inputs[0].shape
    if any(is_open(node, item) or item.idx is not None for item in items) or has_sizes(shape[1:2]):
        return 0
    arrays = [v.const for v in node.inputs]
    taken = [span_of(slice_of(item, arrays), shape[item.axis]) for item in items]
    first = all(equal(start, 0) and step == 1 for start, _, step in taken)
    same = all(a == b for axis, (a, b) in enumerate(zip(shape, node.output.shape)) if axis != 1)
    return node.output.shape[1] if first and same else 0


def _narrow(node: Node, users: Users) -> Node | None:
    """The convolution in front with only the output channels that ``node`` takes."""
    count, conv = _first_channels(node), node.inputs[0].producer if node.inputs else None
    if not count or conv is None or not _is_dense(conv) or users.only(conv.output) is not node:
        return None
    channels = conv.output.shape[1]
    if len(conv.inputs) > 3 or any(not v.is_const or v.type.elements != channels for v in conv.inputs[2:]):
        return None
    terms = [_part(v, 1, count) for v in conv.inputs[2:]]
    inputs = [conv.inputs[0], _part(conv.inputs[1], 0, count), *terms]
    return take_over(node_like(conv, conv.op, conv.attrs, inputs), node)


def run(graph: Graph) -> None:
    for node in graph.nodes:
        if node.inputs:
            _unread_padding(node)
    users = Users(graph)
    graph.nodes = [_narrow(node, users) or node for node in graph.nodes]
    graph.sweep()
