"""Operators that a C function or kernel of the user's computes."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mgecc.graph import Attributes, Diagnostic, Diagnostics, Graph, Node, TensorType, Unsupported
from mgecc.graph.attributes import Stated, named
from mgecc.graph.diagnostics import parameters
from mgecc.ops.registry import Operator, operator, operators


@dataclass(frozen=True)
class CustomFunction:
    """A C function of the user's. ``outputs``: element type and shape of each result, as far as they are stated;
    ``optional``: the model may do without the operator."""

    function: str
    outputs: tuple[tuple[str, tuple[int, ...] | None], ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class UserKernel:
    """What computes an operator instead of the compiler's kernels: a C function, or the text of a template."""

    function: str = ""
    template: str = ""
    file: str = ""


@dataclass(frozen=True)
class CustomAttrs(Attributes):
    """``types`` of the results; ``operator``: a name; ``parameters``: a text; ``data``: for the function.

    ``given``: names and values of the attributes that the operator had.
    """

    types: tuple[TensorType, ...]
    operator: str
    user: UserKernel
    parameters: str = ""
    data: bytes = b""
    given: tuple[tuple[str, Any], ...] = ()


@operator("Custom")
class Custom(Operator):
    """What a function or kernel of the application's makes of any inputs."""

    Attributes = CustomAttrs
    limits = "what `custom:` or `kernels:` of model.yaml name a C function or kernel for"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return list(node.attributes(CustomAttrs).types)

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        user = node.attributes(CustomAttrs).user
        raise Unsupported(f"it is computed by {user.function or 'a kernel'} of the application only")


def make_custom(
    node: Node, user: UserKernel, stated: Mapping[str, Any], data: bytes = b"", name: str = ""
) -> None:
    """Let the user's function or kernel compute this node, whose results are typed already.

    ``stated``: attributes or parameters by name, for templates; functions get those that ``node.attrs`` shows as text.
    """
    given = {key: value for key, value in stated.items() if key != "output_dtype"}
    node.attrs = CustomAttrs(
        types=tuple(v.type for v in node.outputs),
        operator=name or node.op,
        user=user,
        parameters=parameters(node.attrs).strip(),
        data=data,
        given=tuple(given.items()),
    )
    node.op = "Custom"


def replace_operators(graph: Graph, kernels: Mapping[str, UserKernel], problems: Diagnostics) -> None:
    """Hand all nodes of the named operators to the user's kernels; unknown names become problems."""
    known = [o.name for o in operators()]
    for name in sorted(set(kernels) - set(known)):
        near = difflib.get_close_matches(name, known, n=1)
        advice = f"did you mean {near[0]}?" if near else "see `mgecc ops` for the names"
        problems.problems.append(
            Diagnostic(name, "kernels", kernels[name].file, "there is no such operator", advice)
        )
    for node in graph.nodes:
        if node.op in kernels:
            stated = named(node.attrs)
            node.attrs = Stated({name: value for name, value in stated.items() if value is not None})
            make_custom(node, kernels[node.op], stated)
