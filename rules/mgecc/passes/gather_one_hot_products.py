"""Read rows of a constant matrix where a file multiplies it by one-hot rows, as exports of embeddings do."""

from __future__ import annotations

import numpy as np

from mgecc.graph import Graph, Node, Value
from mgecc.graph.symbolic import equal, is_one
from mgecc.graph.types import INT32
from mgecc.ops.activation import IDENTITY
from mgecc.ops.elemwise_multi_type import ElemwiseMultiTypeAttrs
from mgecc.ops.index_items import IndexAttrs, flags
from mgecc.ops.matmul import MatrixMulAttrs
from mgecc.ops.shapes import ReshapeAttrs
from mgecc.passes.build import apply_rewrites, constant, elemwise, node_like, take_over


def _through_views(value: Value, n: int) -> Node | None:
    """The node whose result is this matrix of n columns, views of the same rows left out."""
    node = value.producer
    while node is not None and node.op == "Reshape" and equal(node.inputs[0].shape[-1], n):
        node = node.inputs[0].producer
    return node


def _index(value: Value) -> Value | None:
    """The integers whose one-hot rows a float32 matrix holds: 1 where one equals the column."""
    n = value.shape[-1]
    cast = _through_views(value, n)
    if cast is None or cast.op != "TypeCvt" or cast.inputs[0].type.dtype.name != "bool":
        return None
    compared = _through_views(cast.inputs[0], n)
    if compared is None or compared.op != "ElemwiseMultiType":
        return None
    if compared.attributes(ElemwiseMultiTypeAttrs).mode != "eq" or not equal(compared.output.shape[-1], n):
        return None
    for index, columns in (compared.inputs, compared.inputs[::-1]):
        counted = columns.const is not None and np.array_equal(columns.const.reshape(-1), np.arange(n))
        if counted and index.type.dtype == INT32 and is_one(index.shape[-1]) and not index.is_const:
            return index
    return None


def _gathered(node: Node) -> list[Node] | None:
    """Rows of the weights between two of zeros, at which all other integers end."""
    (a, w, *others), attrs = node.inputs, node.attributes(MatrixMulAttrs)
    plain = not others and not attrs.transpose_a and attrs.activation == IDENTITY
    if not plain or w.const is None or w.type.dtype.name != "float32" or not np.isfinite(w.const).all():
        return None
    index = _index(a)
    if index is None or not equal(index.type.elements, a.shape[0]):
        return None
    rows = w.const.T if attrs.transpose_b else w.const
    table = constant(w.name, np.pad(rows, ((1, 1), (0, 0))), w.type.dtype)
    low, high, one = (constant(f"{node.name}.{n}", [n], INT32) for n in (-1, len(rows), 1))
    above = elemwise(node, "max", index, low)
    within = elemwise(node, "min", above.output, high)
    moved = elemwise(node, "add", within.output, one)
    shape = constant(f"{node.name}.rows", [a.shape[0]], INT32)
    flat = node_like(node, "Reshape", ReshapeAttrs(), [moved.output, shape])
    taken = node_like(node, "MeshIndexing", IndexAttrs((flags(0, index=True),)), [table, flat.output])
    return [above, within, moved, flat, take_over(taken, node)]


def run(graph: Graph) -> None:
    apply_rewrites(graph, {"MatrixMul": _gathered})
    graph.sweep()
