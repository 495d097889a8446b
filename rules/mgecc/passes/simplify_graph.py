"""Fold constants, drop identities, merge reshapes and transposes, share common subexpressions.

The classic scalar optimisations (Muchnick 1997, Advanced Compiler Design and Implementation, 12 and 13) on tensors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable

import numpy as np

from mgecc.graph import Graph, Node, TensorType, Value
from mgecc.graph.attributes import named
from mgecc.graph.types import INT32
from mgecc.ops import find
from mgecc.ops.budget import Budget, TooMuchWork, limited
from mgecc.ops.elemwise import mode_of
from mgecc.ops.folding import folded
from mgecc.ops.shapes import DimshuffleAttrs, ReshapeAttrs, pattern_of
from mgecc.passes.build import constant, node_like, take_over

_COMPARISONS = frozenset({"lt", "leq", "eq", "neq", "isnan", "isinf"})


def remove_identities(graph: Graph) -> None:
    """Identity records, reshapes to the same shape, conversions to the same type."""
    identities = (node for node in graph.nodes if node.inputs and find(node.op).is_identity(node))
    mapping = {node.output: node.inputs[0] for node in identities}
    graph.replace_all(mapping)
    graph.sweep()


def _truth(node: Node) -> Value | None:
    """The comparison whose numbers, 0 and 1, this node makes booleans and numbers of the same type again."""
    asked = node.inputs[0].producer if node.op == "TypeCvt" else None
    if asked is None or asked.op != "TypeCvt" or asked.output.type.dtype.name != "bool":
        return None
    numbers = asked.inputs[0]
    producer = numbers.producer
    compared = producer is not None and mode_of(producer) in _COMPARISONS
    return numbers if compared and numbers.type == node.output.type else None


def skip_booleans(graph: Graph) -> None:
    """Numbers of comparisons need no way through booleans."""
    found = {node.output: _truth(node) for node in graph.nodes if node.inputs}
    graph.replace_all({value: numbers for value, numbers in found.items() if numbers is not None})
    graph.sweep()


def _one_d_transpose(node: Node) -> bool:
    """A permutation that moves only axes of size 1 leaves the bytes in place."""
    pattern = [p for p in pattern_of(node) if p >= 0 and node.inputs[0].shape[p] != 1]
    return pattern == sorted(pattern)


def _as_reshape(node: Node, x: Value) -> Node:
    shape = constant(f"{node.name}.shape", np.array(node.output.shape), INT32)
    return take_over(node_like(node, "Reshape", ReshapeAttrs(), [x, shape]), node)


def _states_an_axis(node: Node) -> bool:
    """Whether the shape says along which axis the result varies in size with the data."""
    return node.varies and node.op == "Reshape"


def _is_merged(node: Node | None) -> bool:
    return node is not None and find(node.op).reshapes and not _states_an_axis(node)


def merge_reshapes(graph: Graph) -> None:
    """One reshape instead of several; axis changes and transposes that only move 1-axes are reshapes too."""
    for i, node in enumerate(graph.nodes):
        if (
            node.op == "Dimshuffle"
            and node.inputs[0].type.dtype == node.output.type.dtype
            and _one_d_transpose(node)
        ):
            graph.nodes[i] = node = _as_reshape(node, node.inputs[0])
        if not find(node.op).reshapes or _states_an_axis(node):
            continue
        source = node.inputs[0]
        while not source.is_const and _is_merged(source.producer):
            assert source.producer is not None
            source = source.producer.inputs[0]
        if source is not node.inputs[0] or node.op != "Reshape":
            graph.nodes[i] = _as_reshape(node, source)
    graph.sweep()


def merge_transposes(graph: Graph) -> None:
    """A transpose of a transpose is one transpose (and then perhaps an identity)."""
    for i, node in enumerate(graph.nodes):
        before = node.inputs[0].producer if node.inputs else None
        if node.op != "Dimshuffle" or before is None or before.op != "Dimshuffle":
            continue
        attrs = DimshuffleAttrs(tuple(p if p < 0 else pattern_of(before)[p] for p in pattern_of(node)))
        graph.nodes[i] = take_over(node_like(node, "Dimshuffle", attrs, [before.inputs[0]]), node)
    graph.sweep()


def _digest(array: np.ndarray) -> str:
    numbers = repr(array.tolist()).encode() if array.dtype == object else np.ascontiguousarray(array).data
    return hashlib.sha256(numbers).hexdigest()


def _frozen(item: object) -> Hashable:
    """What compares without a question to declared sizes."""
    if isinstance(item, tuple):
        return tuple(map(_frozen, item))
    return item if isinstance(item, (int, float, str, bool, type(None))) else repr(item)


def share_common(graph: Graph) -> None:
    """Nodes with the same operator, attributes and inputs are computed once; equal constants are one value."""
    constants: dict[tuple[TensorType, str], Value] = {}
    seen: dict[tuple[object, ...], Node] = {}
    mapping: dict[Value, Value] = {}
    for node in graph.nodes:
        node.inputs = [mapping.get(v, v) for v in node.inputs]
        for j, v in enumerate(node.inputs):
            if v.const is not None:
                node.inputs[j] = constants.setdefault((v.type, _digest(v.const)), v)
        key = (
            node.op,
            _frozen(tuple(named(node.attrs).values())),
            node.varies,
            tuple(id(v) for v in node.inputs),
            tuple(v.type for v in node.outputs),
        )
        first = seen.setdefault(key, node)
        if first is not node:
            mapping.update(zip(node.outputs, first.outputs))
    graph.replace_all(mapping)
    graph.sweep()


def _folded(node: Node, budget: Budget) -> list[np.ndarray]:
    """The node's results; nothing where that is too much work, which is then left to the target."""
    arrays = [v.const for v in node.inputs if v.const is not None]
    try:
        with limited(budget):
            return folded(node, arrays)
    except TooMuchWork:
        return []


def fold_constants(graph: Graph) -> None:
    """Nodes that read only constants become constants."""
    budget = Budget()
    for node in graph.nodes:
        if node.inputs and all(v.is_const for v in node.inputs):
            for value, array in zip(node.outputs, _folded(node, budget)):
                value.const, value.producer = array, None
    graph.nodes = [n for n in graph.nodes if not all(v.is_const for v in n.outputs)]
    graph.sweep()


def run(graph: Graph) -> None:
    fold_constants(graph)
    remove_identities(graph)
    skip_booleans(graph)
    merge_transposes(graph)
    merge_reshapes(graph)
    remove_identities(graph)
    share_common(graph)
