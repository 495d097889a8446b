"""Give inputs and outputs the integer types of the file where kernels compute in narrower ones.

Conversions stand at the edge, behind all other passes: none of these meets a type that kernels do not know.
"""

from __future__ import annotations

from mgecc.graph import DType, Graph, Node, Value
from mgecc.graph.attributes import NoAttrs
from mgecc.ops.type_cvt import TypeCvtAttrs
from mgecc.passes.build import node_like


def run(graph: Graph) -> None:
    """Convert what the application sees of a wider type; memory that it does not see stays narrow."""
    for value in graph.given_inputs:
        if value.name in graph.wide_inputs:
            _narrow(graph, value, graph.wide_inputs[value.name])
    for position in graph.results:
        if position in graph.wide_outputs:
            _widen(graph, position, graph.wide_outputs[position])
    graph.wide_inputs, graph.wide_outputs = {}, {}


def _narrow(graph: Graph, old: Value, dtype: DType) -> None:
    value = Value(old.name, old.type.with_dtype(dtype))
    node = _convert("input", value, old.type.dtype)
    graph.inputs = [value if v is old else v for v in graph.inputs]
    graph.replace(old, node.output)
    graph.nodes.insert(0, node)


def _widen(graph: Graph, position: int, dtype: DType) -> None:
    name, value = graph.outputs[position]
    if value.const is not None:
        wide = Value(name, value.type.with_dtype(dtype), const=value.const.astype(dtype.numpy))
    else:
        node = _convert("output", value, dtype)
        graph.nodes.append(node)
        wide = node.output
    graph.outputs[position] = (name, wide)


def _convert(side: str, value: Value, dtype: DType) -> Node:
    place = Node("TypeCvt", f"{value.name}.{dtype}", NoAttrs(), [], origin=f"model {side} {value.name}")
    return node_like(place, "TypeCvt", TypeCvtAttrs(dtype), [value])
