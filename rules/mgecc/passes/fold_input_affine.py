"""Fold a scale and shift per channel in front of a convolution into it, as images normalised in the graph have them.

With x * s + t in front, weights W and bias b: W * (x * s) is (W * s) * x whatever the padding, since a padded zero
stays zero. The shift adds sum(W) * t to the bias only where the window lies inside the image: at a padded border fewer
taps see t. Without padding all of it moves into the convolution. With padding x * s + t becomes (x + t / s) * s: the
scale moves, the shift stays as one addition.
"""

from __future__ import annotations

import numpy as np

from mgecc.graph import Graph, Node, Value
from mgecc.ops.convolution import ConvBiasAttrs
from mgecc.ops.elemwise import mode_of
from mgecc.ops.shapes import pattern_of
from mgecc.passes.build import constant
from mgecc.passes.fuse_epilogues import add_to_bias
from mgecc.passes.match import Users, is_elemwise

_MODES = ("mul", "true_div", "add", "sub")


class _Front:
    """The element-wise node before a value, seen through a transpose if one lies between.

    ``axis``: where the channels are, of the value and then of what the node computes.
    """

    def __init__(self, value: Value, reader: Node, users: Users, axis: int = 1) -> None:
        self.move: Node | None = None
        self.axis = axis
        node = value.producer if users.only(value) is reader else None
        if node is not None and node.op == "Dimshuffle" and -1 not in pattern_of(node):
            self.move, self.axis = node, pattern_of(node)[axis]
            value = node.inputs[0]
            node = value.producer if users.only(value) is self.move else None
        if is_elemwise(node, "mul", "add") and node is not None and node.inputs[0].is_const:
            node.inputs = node.inputs[::-1]
        fits = is_elemwise(node, *_MODES) and node is not None and node.inputs[0].type == value.type
        self.node = node if fits else None
        self.vector = None if self.node is None else _along(self.node.inputs[1], value, self.axis)

    @property
    def mode(self) -> str:
        return mode_of(self.node) if self.node is not None and self.vector is not None else ""

    def skip(self, reader: Node) -> None:
        """Let the reader have what the node had."""
        assert self.node is not None
        (self.move or reader).inputs[0] = self.node.inputs[0]


def _along(value: Value, like: Value, axis: int) -> np.ndarray | None:
    """A float constant that broadcasts along one axis of ``like`` only, as a vector of that axis' size."""
    if value.const is None or not np.isfinite(value.const).all():
        return None
    shape = (1,) * (like.type.rank - value.type.rank) + value.shape
    if len(shape) != like.type.rank or any(d != 1 for i, d in enumerate(shape) if i != axis):
        return None
    return np.broadcast_to(value.const.reshape(-1), (like.shape[axis],)).astype(np.float64)


def _over_inputs(node: Node, vector: np.ndarray) -> np.ndarray:
    """One number for each input channel, (o or 1, i / groups, 1, 1) as they go with the weights."""
    (outs, ins, *_), groups = node.inputs[1].shape, node.attributes(ConvBiasAttrs).groups
    each = vector.reshape(groups, ins, 1, 1)
    return each.repeat(outs // groups, axis=0) if groups > 1 else each


def _scale(node: Node, factor: np.ndarray) -> None:
    weights = node.inputs[1]
    assert weights.const is not None
    node.inputs[1] = constant(
        weights.name, weights.const.astype(np.float64) * _over_inputs(node, factor), weights.type.dtype
    )


def _shift(node: Node, vector: np.ndarray) -> None:
    w = node.inputs[1].const
    assert w is not None
    terms = w.astype(np.float64) * _over_inputs(node, vector)
    add_to_bias(node, terms.sum(axis=(1, 2, 3)))


def _shift_first(front: _Front, users: Users) -> bool:
    """x * s + t as (x + t / s) * s, if the scale stands right before the shift."""
    node = front.node
    assert node is not None and front.vector is not None
    before = _Front(node.inputs[0], node, users, front.axis)
    if before.move is not None or before.node is None or before.vector is None or not before.vector.all():
        return False
    if before.mode not in ("mul", "true_div"):
        return False
    factor = before.vector if before.mode == "mul" else 1 / before.vector
    rank, old = node.output.type.rank, before.node.inputs[1]
    shape = [1] * rank
    shape[front.axis] = -1
    by = constant(f"{node.name}.by", (front.vector / factor).reshape(shape), old.type.dtype)
    scale, shift = before.node.attrs, node.attrs
    before.node.attrs, before.node.inputs = shift, [before.node.inputs[0], by]
    node.attrs, node.inputs = scale, [before.node.output, old]
    return True


def _absorb(node: Node, users: Users) -> bool:
    """Take one step in front of the convolution into it."""
    front = _Front(node.inputs[0], node, users)
    if front.mode in ("mul", "true_div") and front.vector is not None and front.vector.all():
        _scale(node, front.vector if front.mode == "mul" else 1 / front.vector)
    elif front.mode in ("add", "sub") and front.vector is not None:
        if any(map(any, node.attributes(ConvBiasAttrs).padding)):
            return _shift_first(front, users)
        _shift(node, front.vector if front.mode == "add" else -front.vector)
    else:
        return False
    front.skip(node)
    return True


def _suits(node: Node) -> bool:
    return node.op == "ConvBias" and node.inputs[1].is_const and node.output.type.dtype.name == "float32"


def run(graph: Graph) -> None:
    users = Users(graph)
    for node in list(graph.nodes):
        while _suits(node) and _absorb(node, users):
            graph.sweep()
            users = Users(graph)
