"""Insert float16 <-> float32 conversions around nodes that kernels compute in float32 only.

Where the target computes with halves, products and pooling that its kernels serve stay as they are.

Values stay stored as halves where element-wise nodes or copies of data lie between, and every result is rounded to half
precision as the reference semantics say. Products keep their float16 weights as such (attribute ``weights_f16``).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mgecc.graph import Attributes, DType, Graph, Node, Unsupported, Value
from mgecc.graph.attributes import NoAttrs, changed, mapped
from mgecc.graph.types import FLOAT32
from mgecc.ops import find
from mgecc.ops.type_cvt import TypeCvtAttrs
from mgecc.passes.build import constant, node_like
from mgecc.passes.match import Users

FLOAT16 = DType("float16")

Native = Callable[[Node], bool]


def nowhere(node: Node) -> bool:
    """No node is computed in halves."""
    return False


def _is_half(value: Value) -> bool:
    return value.type.dtype.name == "float16"


def convert(like: Node, value: Value, dtype: DType) -> Node:
    """A conversion of ``value`` for the sake of ``like``."""
    return node_like(like, "TypeCvt", TypeCvtAttrs(dtype), [value], f"{value.name}.{dtype.name}")


def _attributes(node: Node) -> Attributes:
    attrs = mapped(node.attrs, lambda v: FLOAT32 if isinstance(v, DType) and v == FLOAT16 else v)
    weights = [node.inputs[k] for k in find(node.op).weights]
    if weights and all(v.is_const and _is_half(v) for v in weights):
        return changed(attrs, weights_f16=True)
    return attrs


class _Widening:
    """The graph with its nodes replaced one by one; ``wide``: float16 values as float32."""

    def __init__(self, native: Native) -> None:
        self.native = native
        self.nodes: list[Node] = []
        self.wide: dict[Value, Value] = {}

    def _read(self, node: Node, value: Value) -> Value:
        if not _is_half(value):
            return value
        if value.const is not None:
            return constant(value.name, value.const.astype(np.float32), FLOAT32)
        if value not in self.wide:
            made = convert(node, value, FLOAT32)
            self.nodes.append(made)
            self.wide[value] = made.output
        return self.wide[value]

    def _stays(self, node: Node) -> bool:
        halves = find(node.op).halves
        if halves == "stored" or not any(map(_is_half, (*node.inputs, *node.outputs))):
            return True
        return halves == "computed" and self.native(node)

    def add(self, node: Node) -> None:
        """The node itself, or conversions around its like in float32; the values of its results stay the same ones."""
        if self._stays(node):
            self.nodes.append(node)
            return
        try:
            made = node_like(node, node.op, _attributes(node), [self._read(node, v) for v in node.inputs])
        except Unsupported:  # left as it is: choosing its kernel will say what is missing
            self.nodes.append(node)
            return
        self.nodes.append(made)
        for k, value in enumerate(node.outputs):
            if not _is_half(value):
                made.outputs[k] = value
                value.producer = made
                continue
            narrow = convert(node, made.outputs[k], value.type.dtype)
            narrow.outputs, value.producer = [value], narrow
            self.nodes.append(narrow)


def _keeps_halves(node: Node | None) -> bool:
    """Whether all results of a node are numbers of what it read, and that was halves."""
    if node is None or not find(node.op).selects(node):
        return False
    made = node.inputs[0].producer
    return made is not None and made.op == "TypeCvt" and _is_half(made.inputs[0])


def _skip_storage(graph: Graph) -> None:
    """float32 to float16 and back, with nothing between: rounding, without the halves in memory."""
    users = Users(graph)
    mapping: dict[Value, Value] = {}
    for position, node in enumerate(graph.nodes):
        before = node.inputs[0].producer if node.op == "TypeCvt" else None
        if before is None or before.op != "TypeCvt" or not _is_half(before.output):
            continue
        source = before.inputs[0]
        if source.type != node.output.type or users.only(before.output) is not node:
            continue
        if _keeps_halves(source.producer):
            mapping[node.output] = source
        else:
            rounded = node_like(node, "RoundHalf", NoAttrs(), [source])
            mapping[node.output], graph.nodes[position] = rounded.output, rounded
    graph.replace_all(mapping)


def run(graph: Graph, native: Native = nowhere) -> None:
    """All float16 nodes that are not served as they are stored, or computed in halves: those that are ``native``."""
    if not any(map(_is_half, graph.values())):
        return
    widening = _Widening(native)
    for node in graph.nodes:
        widening.add(node)
    graph.nodes = widening.nodes
    _skip_storage(graph)
    graph.sweep()
