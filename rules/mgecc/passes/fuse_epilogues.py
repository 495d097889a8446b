"""Fuse into convolutions and matrix products what follows them: scale, shift, bias, residual, activation.

Batch normalisation and other scales per channel are folded into the weights (Jacob et al. 2018, arXiv:1712.05877,
section 3.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from mgecc.graph import Graph, Node, Value
from mgecc.graph.attributes import changed
from mgecc.ops.activation import IDENTITY, of_node
from mgecc.ops.elemwise import mode_of
from mgecc.ops.matmul import MatrixMulAttrs
from mgecc.passes.build import constant
from mgecc.passes.match import Users, is_elemwise, other_input, per_channel, scalar

_UNARY = frozenset({"relu", "sigmoid", "tanh", "h_swish", "hsigmoid", "silu", "gelu"})
_PRODUCTS = ("ConvBias", "MatrixMul")


def _bias(node: Node) -> np.ndarray:
    """Present bias as a float64 vector over output channels, zeros if there is none."""
    channels = node.output.shape[1]
    if len(node.inputs) < 3 or node.inputs[2].const is None or node.inputs[2].const.size == 0:
        return np.zeros(channels)
    return node.inputs[2].const.reshape(-1).astype(np.float64)


def _set_bias(node: Node, bias: np.ndarray) -> None:
    shape = (1, -1, 1, 1) if node.op == "ConvBias" else (1, -1)
    value = constant(f"{node.name}.bias", bias.reshape(shape), node.output.type.dtype)
    node.inputs = [*node.inputs[:2], value, *node.inputs[3:]]


def add_to_bias(node: Node, vector: np.ndarray) -> None:
    """Add one number per output channel to a product's bias."""
    _set_bias(node, _bias(node) + vector)


def _scale_weights(node: Node, factor: np.ndarray) -> None:
    weights = node.inputs[1]
    assert weights.const is not None
    w = weights.const
    shape: tuple[int, ...] = (-1, 1, 1, 1)
    if node.op == "MatrixMul":
        shape = (-1, 1) if node.attributes(MatrixMulAttrs).transpose_b else (-1,)
    # In double precision, but without an array of doubles as large as the weights.
    scaled = np.multiply(w, factor.reshape(shape), out=np.empty_like(w), casting="same_kind")
    node.inputs[1] = constant(weights.name, scaled, weights.type.dtype)
    _set_bias(node, _bias(node) * factor)


def _is_linear(node: Node) -> bool:
    """Nothing has been applied yet behind the bias, and the bias is one number per channel."""
    if of_node(node.attrs) != IDENTITY or len(node.inputs) > 3:
        return False
    bias = node.inputs[2] if len(node.inputs) == 3 else None
    return bias is None or (bias.const is not None and bias.const.size in (0, node.output.shape[1]))


def _absorb_affine(node: Node, user: Node) -> bool:
    """x * s, x + t, x - t, x / s with one constant per output channel."""
    if not is_elemwise(user, "mul", "add", "sub", "true_div") or not _is_linear(node):
        return False
    other = other_input(user, node.output)
    vector = None if other is None else per_channel(other, node.output)
    mode = mode_of(user)
    if vector is None or (mode in ("sub", "true_div") and user.inputs[0] is not node.output):
        return False
    if mode in ("add", "sub"):
        add_to_bias(node, vector if mode == "add" else -vector)
    else:
        _scale_weights(node, vector if mode == "mul" else 1 / vector)
    return True


def _absorb_residual(node: Node, user: Node) -> bool:
    """conv + z, z any computed tensor of the result's own shape."""
    if node.op != "ConvBias" or not is_elemwise(user, "add") or not _is_linear(node):
        return False
    other = other_input(user, node.output)
    if other is None or other.is_const or other.type != node.output.type:
        return False
    if len(node.inputs) < 3:
        _set_bias(node, _bias(node))
    node.inputs.append(other)
    return True


def _absorb_activation(node: Node, user: Node) -> bool:
    if of_node(node.attrs) != IDENTITY or user.op != "Elemwise":
        return False
    mode = mode_of(user)
    if mode in _UNARY:
        node.attrs = changed(node.attrs, activation=(mode,))
        return True
    if mode == "clip" and user.inputs[0] is node.output:
        low, high = scalar(user.inputs[1]), scalar(user.inputs[2])
        if low is not None and high is not None:
            node.attrs = changed(node.attrs, activation=("clip", low, high))
            return True
    return False


_RULES: tuple[Callable[[Node, Node], bool], ...] = (_absorb_affine, _absorb_residual, _absorb_activation)


def _chain(node: Node, users: Users, gone: set[Node]) -> Iterator[Node]:
    """Absorb one follower after another; yields each that is gone. ``gone``: nodes that others have absorbed."""
    while True:
        user = users.only(node.output)
        if user is None or user in gone or user.output.type != node.output.type:
            return
        if not any(rule(node, user) for rule in _RULES):
            return
        value: Value = user.output
        value.producer = node
        node.outputs = [value]
        yield user


def _fusable(node: Node) -> bool:
    weights = node.inputs[1] if len(node.inputs) > 1 else None
    return (
        node.op in _PRODUCTS and node.output.type.dtype.is_float and weights is not None and weights.is_const
    )


def run(graph: Graph) -> None:
    """Later products first: of two convolutions that are added, the second takes the first one's result."""
    users = Users(graph)
    position = {node: i for i, node in enumerate(graph.nodes)}
    place: dict[Node, int] = {}
    gone: set[Node] = set()
    for node in reversed(graph.nodes):
        if node in gone or not _fusable(node):
            continue
        for user in _chain(node, users, gone):
            gone.add(user)
            place[node] = position[user]
    rest = [n for n in graph.nodes if n not in gone]
    graph.nodes = sorted(rest, key=lambda n: place.get(n, position[n]))
