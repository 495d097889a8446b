"""Tensors of numbers that the executor computes from declared sizes (values.c.j2)."""

from __future__ import annotations

from collections.abc import Iterator

from mgecc.graph import Node, Unsupported
from mgecc.graph.symbolic import Real
from mgecc.kernels.base import Call, Candidate, Kernel, serves
from mgecc.kernels.numbers import ctype_of
from mgecc.kernels.plain import plain_candidate
from mgecc.ops.size_values import SizeValuesAttrs
from mgecc.targets import Target

_MOST = 64


def _build(node: Node) -> list[Call]:
    numbers = node.attributes(SizeValuesAttrs).numbers
    ctype, letters = ctype_of(node.output.type.dtype)
    kinds = ["float" if isinstance(n, (Real, float)) else "int32_t" for n in numbers]
    kernel = Kernel(
        f"sizes_{letters}_n{''.join(kind[0] for kind in kinds)}",
        "size_values/values.c.j2",
        (("y", f"{ctype} *"),),
        tuple((f"v{i}", kind) for i, kind in enumerate(kinds)),
        (("count", len(numbers)), ("ctype", ctype)),
    )
    return [Call(kernel, (node.output,), tuple(numbers))]


@serves("SizeValues")
def values(node: Node, target: Target) -> Iterator[Candidate]:
    """A few numbers, written one by one."""
    count = len(node.attributes(SizeValuesAttrs).numbers)
    if count > _MOST:
        raise Unsupported(f"{count} numbers depend on the sizes, at most {_MOST} may")
    ctype_of(node.output.type.dtype)
    yield plain_candidate(node, _build, 10.0 + 2 * count, "numbers of the program")
