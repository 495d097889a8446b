"""Lower multi-head attention to matrix products and softmax, which have kernels for every shape.

y = (softmax(s Q K^T + mask) V) W_o for each head, with Q = q W_q and so on (Vaswani et al. 2017, "Attention is all you
need", arXiv:1706.03762). What stays whole: other types than float32, weights that the model computes, and reserves that
somebody reads.
"""

from __future__ import annotations

import numpy as np

from mgecc.graph import Graph, Node, Value
from mgecc.graph.types import FLOAT32
from mgecc.ops.attention import AttentionAttrs, weight_parts
from mgecc.ops.matmul import MatrixMulAttrs
from mgecc.ops.normalization import SoftmaxAttrs
from mgecc.passes.axis_maps import reshape, transpose
from mgecc.passes.build import constant, elemwise, node_like
from mgecc.passes.match import Users

_Projection = tuple[np.ndarray | None, np.ndarray | None]


class _Lowering:
    """Nodes in place of one attention node; every step returns the value that its last node computes."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.made: list[Node] = []

    def add(self, node: Node) -> Value:
        self.made.append(node)
        return node.output

    def const(self, word: str, array: np.ndarray) -> Value:
        return constant(f"{self.node.name}.{word}", array, FLOAT32)

    def project(self, word: str, x: Value, projection: _Projection, scale: float = 1.0) -> Value:
        """Rows of x (n, t, width) times matrix and plus bias, all times ``scale``."""
        matrix, bias = projection
        if matrix is not None:
            n, t, width = x.shape
            rows = self.add(reshape(self.node, x, (n * t, width)))
            w = self.const(f"{word}.weight", matrix * np.float32(scale))
            product = self.add(node_like(self.node, "MatrixMul", MatrixMulAttrs(), [rows, w]))
            x = self.add(reshape(self.node, product, (n, t, matrix.shape[1])))
        elif scale != 1.0:
            x = self.add(elemwise(self.node, "mul", x, self.const("scaler", np.array([scale]))))
        if bias is None:
            return x
        return self.add(elemwise(self.node, "add", x, self.const(f"{word}.bias", bias * np.float32(scale))))

    def heads(self, x: Value, count: int) -> Value:
        """(n, t, width) to (n heads, t, width / heads)."""
        n, t, width = x.shape
        apart = self.add(reshape(self.node, x, (n, t, count, width // count)))
        transposed = self.add(transpose(self.node, apart, [0, 2, 1, 3]))
        return self.add(reshape(self.node, transposed, (n * count, t, width // count)))

    def product(self, a: Value, b: Value, transposed: bool) -> Value:
        attrs = MatrixMulAttrs(transpose_b=transposed)
        return self.add(node_like(self.node, "BatchedMatrixMul", attrs, [a, b]))


def _expand(node: Node) -> list[Node]:
    q, k, v, flat, *mask = node.inputs
    weights = np.zeros(0, np.float32) if flat.const is None else flat.const.reshape(-1)
    parts, steps, heads = weight_parts(node, weights), _Lowering(node), node.attributes(AttentionAttrs).heads
    queries = steps.heads(steps.project("q", q, parts["q"], node.attributes(AttentionAttrs).scale), heads)
    keys, values = (steps.heads(steps.project(p, x, parts[p]), heads) for p, x in (("k", k), ("v", v)))
    scores = steps.product(queries, keys, True)
    if mask:
        scores = steps.add(elemwise(node, "add", scores, mask[0]))
    steps.add(node_like(node, "Softmax", SoftmaxAttrs(2), [scores]))
    shares = node.outputs[1]
    steps.made[-1].outputs, shares.producer = [shares], steps.made[-1]
    mixed = steps.product(shares, values, False)
    n, tq, deep = q.shape[0], q.shape[1], mixed.shape[2]
    transposed = transpose(node, steps.add(reshape(node, mixed, (n, heads, tq, deep))), [0, 2, 1, 3])
    steps.project("o", steps.add(reshape(node, steps.add(transposed), (n, tq, heads * deep))), parts["o"])
    y = node.outputs[0]
    steps.made[-1].outputs, y.producer = [y], steps.made[-1]
    return steps.made


def _fits(node: Node, users: Users) -> bool:
    if node.op != "MultiHeadAttn":
        return False
    flat = node.inputs[3]
    known = flat.const is not None or not flat.type.elements
    plain = all(v.type.dtype.name == "float32" for v in (*node.inputs, *node.outputs[:2]))
    return known and plain and not any(users.count(v) for v in node.outputs[2:])


def run(graph: Graph) -> None:
    users = Users(graph)
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes += _expand(node) if _fits(node, users) else [node]
    graph.nodes = nodes
