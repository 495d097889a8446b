"""Fuse bias and requantisation into quantised products; tabulate functions of one 8-bit number (256 results)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mgecc import ops
from mgecc.graph import Graph, Node, TensorType, Unsupported, Value
from mgecc.graph.attributes import NoAttrs
from mgecc.ops.matmul import MatrixMulAttrs
from mgecc.ops.quantize import same_unit, scale_of
from mgecc.passes.build import constant, node_like, take_over
from mgecc.passes.match import Users, is_elemwise, other_input

_BYTES = frozenset({"qint8", "quint8"})
_MOST_STEPS = 32


def _bias_after(node: Node, users: Users) -> tuple[Node, Value | None]:
    """The addition of a constant per column behind a product, and that constant; else the product itself."""
    add = users.only(node.output)
    if add is None or not is_elemwise(add, "add") or add.output.shape != node.output.shape:
        return node, None
    bias, total = other_input(add, node.output), node.output.type.dtype
    columns = node.output.shape[-1]
    if bias is None or not bias.is_const or not bias.type.elements == bias.shape[-1] == columns:
        return node, None
    # The sum carries its first operand's scale; that of the product must be the same to the last bit.
    if not same_unit(bias.type.dtype, total) or scale_of(add.output.type.dtype) != scale_of(total):
        return node, None
    return add, bias


def _product(node: Node, users: Users) -> tuple[Node, list[Node]] | None:
    """The product with all that it absorbs, and the nodes that are gone with it."""
    if node.output.type.dtype.name != "qint32" or len(node.inputs) != 2:
        return None
    last, bias = _bias_after(node, users)
    convert = users.only(last.output)
    if convert is None or convert.op != "TypeCvt" or convert.output.type.dtype.name not in _BYTES:
        return None
    gone = [n for n in (last, convert) if n is not node]
    attrs = replace(node.attributes(MatrixMulAttrs), output_dtype=convert.output.type.dtype)
    relu = users.only(convert.output)
    if relu is not None and is_elemwise(relu, "relu") and relu.output.type == convert.output.type:
        attrs = replace(attrs, activation=("relu",))
        gone.append(relu)
    inputs = [*node.inputs, *([bias] if bias is not None else [])]
    return take_over(node_like(node, "MatrixMul", attrs, inputs), gone[-1]), gone


def fuse_products(graph: Graph) -> None:
    """MatrixMul -> add of a constant -> TypeCvt to bytes [-> relu] is one MatrixMul that rounds the same."""
    users = Users(graph)
    moved: dict[Node, Node] = {}
    gone: set[Node] = set()
    for node in graph.nodes:
        found = _product(node, users) if node.op == "MatrixMul" else None
        if found is not None:
            moved[node] = found[0]
            gone.update(found[1])
    graph.nodes = [moved.get(n, n) for n in graph.nodes if n not in gone]


class _Function:
    """The point-wise computation behind a value, as far as it depends on one value of 8 bits."""

    def __init__(self, value: Value) -> None:
        self.shape = value.shape
        self.steps: dict[Value, Node] = {}
        self.source: Value | None = None
        self.works = self._visit(value, first=True)

    def _visit(self, value: Value, first: bool = False) -> bool:
        if value in self.steps or value is self.source:
            return True
        if value.is_const:
            return value.type.elements == 1
        if not first and value.type.dtype.size == 1 and value.type.dtype.name != "bool":
            if self.source is not None or value.shape != self.shape:
                return False
            self.source = value
            return True
        node = value.producer
        if (
            node is None
            or not ops.find(node.op).elementwise
            or value.shape != self.shape
            or len(self.steps) >= _MOST_STEPS
        ):
            return False
        works = all(self._visit(v) for v in node.inputs)
        self.steps[value] = node
        return works

    def table(self, source: Value) -> np.ndarray:
        """The stored results for all 256 bytes."""
        every = np.arange(256, dtype=np.uint8).view(source.type.dtype.numpy)
        known = {source: Value("x", TensorType((256,), source.type.dtype), const=every)}
        result = known[source]
        for value, node in self.steps.items():
            inputs = [known[v] if v in known else _number(v) for v in node.inputs]
            step = node_like(node, node.op, node.attrs, inputs)
            result = known[value] = step.output
            result.const = ops.evaluate(step, [v.const for v in inputs if v.const is not None])[0]
        assert result.const is not None
        return result.const


def _number(value: Value) -> Value:
    assert value.const is not None
    return constant(value.name, value.const.reshape(1), value.type.dtype)


def _is_byte(node: Node) -> bool:
    return (
        ops.find(node.op).elementwise
        and node.output.type.dtype.name in _BYTES
        and not is_elemwise(node, "relu")
    )


def _lookup(node: Node) -> Node | None:
    """The node as a table of what it and its operands compute from one 8-bit value."""
    function = _Function(node.output)
    if not function.works or function.source is None:
        return None
    try:
        table = function.table(function.source)
    except Unsupported:
        return None
    stored = constant(f"{node.name}.table", table, node.output.type.dtype)
    return take_over(node_like(node, "Lookup8", NoAttrs(), [function.source, stored]), node)


def make_tables(graph: Graph) -> None:
    """TypeCvt to float -> function -> TypeCvt to bytes, and unary ElemwiseMultiType, as Lookup8."""
    for position, node in enumerate(graph.nodes):
        graph.nodes[position] = (_lookup(node) if _is_byte(node) else None) or node
    graph.sweep()


def run(graph: Graph) -> None:
    fuse_products(graph)
    make_tables(graph)
