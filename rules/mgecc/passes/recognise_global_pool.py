"""Recognise the mean over both image axes, however it is written, as global average pooling."""

from __future__ import annotations

import numpy as np

from mgecc.graph import Graph, Node, Value
from mgecc.graph.types import INT32
from mgecc.ops.pooling import PoolingAttrs
from mgecc.ops.reduce import ReduceAttrs, reduced_axes
from mgecc.ops.shapes import ReshapeAttrs
from mgecc.passes.build import constant, node_like, take_over


def _is_mean(node: Node | None) -> bool:
    return node is not None and node.op == "Reduce" and node.attributes(ReduceAttrs).mode == "mean"


def _image(node: Node) -> Value | None:
    """The (n, c, h, w) float value whose mean over h and w this node is, in one step or as the second of two."""
    x, axes = node.inputs[0], reduced_axes(node)
    if axes == (2, 3) and len(x.shape) == 4:
        return x
    before = x.producer
    if before is not None and before.op == "Reshape":
        before = before.inputs[0].producer
    if before is None or not _is_mean(before) or axes != (2,) or len(before.inputs[0].shape) != 4:
        return None
    image, first = before.inputs[0], reduced_axes(before)
    if first not in ((2,), (3,)):
        return None
    n, c, h, w = image.shape
    left = h if first == (3,) else w
    return image if x.shape in ((n, c, left), (n, c, left, 1)) else None


def _pooling(node: Node, image: Value) -> list[Node]:
    _, _, h, w = image.shape
    pool = node_like(node, "Pooling", PoolingAttrs((h, w), (h, w), mode="average"), [image])
    shape = constant(f"{node.name}.shape", np.array(node.output.shape), INT32)
    view = node_like(node, "Reshape", ReshapeAttrs(), [pool.output, shape])
    return [pool, take_over(view, node)]


def run(graph: Graph) -> None:
    nodes: list[Node] = []
    for node in graph.nodes:
        image = _image(node) if _is_mean(node) and node.output.type.dtype.name == "float32" else None
        fits = image is not None and image.type.dtype == node.output.type.dtype
        nodes += _pooling(node, image) if fits and image is not None else [node]
    graph.nodes = nodes
    graph.sweep()
