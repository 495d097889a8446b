"""TypeCvt between integer types that only inputs and outputs have, and those that kernels compute in."""

from __future__ import annotations

from collections.abc import Iterator

from mgecc.graph import Node
from mgecc.graph.symbolic import at_max_sizes
from mgecc.kernels.base import Call, Candidate, Kernel, serves
from mgecc.kernels.numbers import ctype_of
from mgecc.kernels.plain import plain_candidate
from mgecc.targets import Target


def _build(node: Node) -> list[Call]:
    (source, read), (result, made) = (ctype_of(v.type.dtype) for v in (node.inputs[0], node.output))
    kernel = Kernel(
        f"integers_{read}_{made}",
        "wide/integers.c.j2",
        (("x", f"const {source} *"), ("y", f"{result} *")),
        (("count", "int32_t"),),
        (("result", result),),
    )
    return [Call(kernel, (node.inputs[0], node.output), (node.output.type.elements,))]


@serves("TypeCvt")
def integers(node: Node, target: Target) -> Iterator[Candidate]:
    """Number by number."""
    types = [node.inputs[0].type.dtype, node.output.type.dtype]
    if any(t.is_wide for t in types) and not any(t.is_float or t.is_quantized for t in types):
        cost = 4.0 * at_max_sizes(node.output.type.elements)
        inplace = (0,) if types[0].size == types[1].size else ()
        yield plain_candidate(node, _build, cost, "low bits, or the sign before them", inplace)
