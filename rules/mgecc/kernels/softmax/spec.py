"""Softmax in plain layout: the maximum is subtracted first, so that no exponential overflows."""

from __future__ import annotations

from collections.abc import Iterator

from mgecc.graph import Node, Unsupported
from mgecc.graph.symbolic import at_max_sizes, is_one
from mgecc.kernels.base import Call, Candidate, Kernel, serves
from mgecc.kernels.reduce.axes import Span, span
from mgecc.ops.normalization import SoftmaxAttrs
from mgecc.targets import Target


def _span(node: Node) -> Span:
    shape = node.inputs[0].shape
    return span(shape, node.attributes(SoftmaxAttrs).axis % len(shape))


def _build(node: Node) -> list[Call]:
    part = _span(node)
    form, fields = ("row", "ar") if is_one(part.b) else ("column", "arb")
    kernel = Kernel(
        f"softmax_float32_{form}",
        f"softmax/{form}.c.j2",
        (("x", "const float *"), ("y", "float *")),
        tuple((name, "int32_t") for name in fields),
        (),
        ("math",),
    )
    sizes = (part.a, part.r, part.b)[: len(fields)]
    return [Call(kernel, (node.inputs[0], node.output), sizes)]


@serves("Softmax")
def softmax(node: Node, target: Target) -> Iterator[Candidate]:
    """Any axis of float32 data; the largest number is subtracted first."""
    dtype, part = node.inputs[0].type.dtype, _span(node)
    if dtype.name != "float32":
        raise Unsupported(f"softmax of {dtype} data is not served", "convert the data to float32 before")
    inner = at_max_sizes(part.b)
    lanes = target.lanes if inner == 1 or inner >= target.lanes else max(inner, 1)
    yield Candidate(_build, 60.0 + 32.0 * part.elements / lanes, (1,), (1,), 500, (0,), why="three passes")
