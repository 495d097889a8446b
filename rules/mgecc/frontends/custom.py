"""Nodes of the user's file that a C function of the application's stands for, in any format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from mgecc.graph import Diagnostic, Node, TensorType, Value
from mgecc.ops.custom import CustomFunction, UserKernel, make_custom

from .build import GraphBuilder

T = TypeVar("T")


def add_call(
    build: GraphBuilder,
    node: Node,
    types: Sequence[TensorType],
    function: str,
    stated: Mapping[str, Any],
    data: bytes = b"",
    title: str = "",
) -> list[Value]:
    """The results, of these types, that a function computes of a node's inputs.

    ``stated``, ``data``: the node's parameters and bytes for code of its own, ``title``: what it is called there.
    """
    node.outputs = [Value(build.result_name(k, len(types)), type_, node) for k, type_ in enumerate(types)]
    make_custom(node, UserKernel(function), stated, data, title)
    return build.append(node)


def without_nodes(build: GraphBuilder, translate: Callable[[], T]) -> T:
    """What a rule gives, such as types of results; the nodes that it makes are dropped."""
    before = len(build.graph.nodes)
    found = translate()
    del build.graph.nodes[before:]
    return found


def check_used(
    build: GraphBuilder, functions: Mapping[str, CustomFunction], used: set[str], advice: str
) -> None:
    """Note functions for operators that the model does not have."""
    why = "the model has no such operator"
    for key in sorted(set(functions) - used):
        if functions[key].optional:
            build.problems.notes.append(f"{key}: {why}, so its results have no effect")
        else:
            build.problems.problems.append(Diagnostic(key, "custom", "configuration", why, advice))


def elsewhere(types: Sequence[str]) -> str:
    """Advice that names the operators whose code is not in the file."""
    listed = ", ".join(sorted(set(types)))
    return f"it has {listed}" if listed else "it has no operator whose code lies elsewhere"
