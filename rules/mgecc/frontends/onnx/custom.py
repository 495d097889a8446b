"""Nodes that a C function of the user's stands for: which function, and the types of their results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mgecc.frontends.build import GraphBuilder
from mgecc.frontends.custom import add_call, without_nodes
from mgecc.frontends.tensors import Tensor
from mgecc.graph import DType, Node, TensorType, Unsupported
from mgecc.graph.attributes import Stated
from mgecc.ops.custom import CustomFunction

from .node import OnnxNode

Functions = Mapping[str, CustomFunction]
Translate = Callable[[], Sequence[Any]]


def key_of(proto: Any, type_: str, functions: Functions) -> str:
    """The user's entry for a node: by its name, its type with the domain, or without; "" if there is none."""
    return next((key for key in (proto.name, type_, proto.op_type) if key in functions), "")


def called(
    build: GraphBuilder, said: Node, node: OnnxNode, entry: CustomFunction, translate: Translate
) -> list[Tensor]:
    """The results of a function.

    ``translate``: what the node's own rule gives, which has the types of the results where none are stated.
    """
    types = _stated(node, entry) if entry.outputs else _inferred(build, translate)
    plain = {name: value for name, value in node.attrs.items() if isinstance(value, int | float | str | list)}
    made = Node(node.op, said.name, Stated(plain), [build.narrowed(x.value) for x in node.given])
    made.origin = said.origin
    values = add_call(build, made, types, entry.function, plain, title=node.op)
    return [Tensor(value, value.shape, value.type.dtype) for value in values]


def _stated(node: OnnxNode, entry: CustomFunction) -> list[TensorType]:
    rows = "{dtype: float32, shape: [...]}, " * len(node.outputs)
    advice = f"name its results, in model.yaml custom: {{{node.op}: {{outputs: [{rows[:-2]}]}}}}"
    if len(entry.outputs) != len(node.outputs):
        why = f"it has {len(node.outputs)} results, {len(entry.outputs)} are described in the configuration"
        raise Unsupported(why, advice)
    types = []
    for dtype, shape in entry.outputs:
        if shape is None:
            raise Unsupported("the file does not state the shapes of its results", advice)
        types.append(TensorType(shape, DType(dtype)))
    return types


def _inferred(build: GraphBuilder, translate: Translate) -> list[TensorType]:
    """Types of the results that the node's own rule makes."""
    return [x.value.type.with_dtype(x.dtype.narrow) for x in without_nodes(build, translate)]
