"""Graphs as text to read and compare, and as plain data for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from mgecc.graph.attributes import named
from mgecc.graph.graph import Graph, Node, Value


def graph_lines(graph: Graph) -> Iterator[str]:
    """One line per input, node and output: ``result: type = Operator(operands) attribute=value``.

    Constants are marked with ``%``.
    """
    yield f"model {graph.name}"
    yield from (f"input {value.name}: {graph.seen_input(value)}" for value in graph.inputs)
    yield from (_node_line(node) for node in graph.nodes)
    yield from (
        f"output {name}: {graph.seen_output(k)} = {_operand(value)}"
        for k, (name, value) in enumerate(graph.outputs)
    )


def _node_line(node: Node) -> str:
    results = ", ".join(f"{value.name}: {value.type}" for value in node.outputs)
    attributes = "".join(f" {key}={word}" for key, word in attribute_words(node).items())
    return f"{results} = {node.op}({', '.join(map(_operand, node.inputs))}){attributes}"


def attribute_words(node: Node) -> dict[str, str]:
    """What is stated of a node, as words by name, sorted."""
    marks = {"varies": True} if node.varies else {}
    stated = sorted({**named(node.attrs), **marks}.items())
    return {key: _word(value) for key, value in stated if value is not None}


def _operand(value: Value) -> str:
    return f"%{value.name}: {value.type}" if value.is_const else value.name


def _word(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}"
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(_word, value))}]"
    return str(value)


def graph_data(graph: Graph) -> dict[str, Any]:
    """The same as plain data: ``inputs``, ``nodes`` and ``outputs``; shapes are lists, types text."""
    return {
        "model": graph.name,
        "inputs": [{**_tensor(value), "type": str(graph.seen_input(value).dtype)} for value in graph.inputs],
        "nodes": [_node(node) for node in graph.nodes],
        "outputs": [{"name": name, "value": value.name} for name, value in graph.outputs],
    }


def _node(node: Node) -> dict[str, Any]:
    return {
        "op": node.op,
        "layer": node.name,
        "origin": node.origin,
        "attributes": attribute_words(node),
        "inputs": [{**_tensor(value), "constant": value.is_const} for value in node.inputs],
        "outputs": [_tensor(value) for value in node.outputs],
    }


def _tensor(value: Value) -> dict[str, Any]:
    return {
        "name": value.name,
        "shape": list(value.shape),
        "type": str(value.type.dtype),
        "block": value.type.block,
    }
