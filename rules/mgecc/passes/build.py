"""Make nodes and constants inside passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from mgecc import ops
from mgecc.graph import Attributes, DType, Graph, Node, TensorType, Value
from mgecc.ops.elemwise import ElemwiseAttrs

Rewrite = Callable[[Node], list[Node] | None]
"""What stands in place of a node, None where it stays."""


def constant(name: str, numbers: ArrayLike, dtype: DType) -> Value:
    """A constant value holding these stored numbers of ``dtype``."""
    array = np.asarray(numbers)
    data = array if array.dtype == object else np.ascontiguousarray(array, dtype=dtype.numpy)
    return Value(name, TensorType(tuple(data.shape), dtype), const=data)


def node_like(old: Node, op: str, attrs: Attributes, inputs: list[Value], name: str = "") -> Node:
    """A new node with one result, named and located like ``old``; its result is called like the node.

    Where it is the same operation, its results vary as those of ``old`` do.
    """
    varies = old.varies and op == old.op
    node = Node(op, name or old.name, attrs, inputs, origin=old.origin, varies=varies)
    node.outputs = [Value(node.name, t, node) for t in ops.infer(node)]
    return node


def elemwise(old: Node, mode: str, *inputs: Value) -> Node:
    """An Elemwise node of this mode in place of (part of) ``old``."""
    return node_like(old, "Elemwise", ElemwiseAttrs(mode), list(inputs))


def take_over(node: Node, old: Node) -> Node:
    """Let ``node`` produce the very values of ``old``, so that readers and output names need no change."""
    for value in old.outputs:
        value.producer = node
    node.outputs = old.outputs
    return node


def apply_rewrites(graph: Graph, rewrites: Mapping[str, Rewrite]) -> None:
    """Put what the rewrite of its operator makes in place of every node."""
    nodes: list[Node] = []
    for node in graph.nodes:
        rewrite = rewrites.get(node.op)
        nodes += (rewrite(node) if rewrite else None) or [node]
    graph.nodes = nodes
