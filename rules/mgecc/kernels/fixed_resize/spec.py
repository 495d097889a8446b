"""Candidates for FixedResize."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Kernel, serves
from mgecc.ops.fixed_resize import FixedResizeAttrs
from mgecc.targets import Target

_FIELDS = ("planes", "h", "w", "rows", "columns", "row_step", "row_start", "column_step", "column_start")


def _build(c: int, node: Node) -> list[Call]:
    attrs, (n, channels, h, w) = node.attributes(FixedResizeAttrs), node.inputs[0].shape
    kernel = Kernel(
        f"fixed_resize_s8_c{c}",
        "fixed_resize/bilinear.c.j2",
        (("x", "const int8_t *"), ("y", "int8_t *")),
        tuple((name, "int32_t") for name in _FIELDS),
        (("c", c),),
    )
    places = (number for axis in zip(attrs.steps, attrs.starts) for number in axis)
    return [Call(kernel, (node.inputs[0], node.output), (n * -(-channels // c), h, w, *attrs.size, *places))]


@serves("FixedResize")
def resize(node: Node, target: Target) -> Iterator[Candidate]:
    """Four pixels of a block of channels at a time, or of one."""
    for c in sorted({1, target.block_of(node.output.type.dtype.name)}, reverse=True):
        cost = node.output.type.elements * (12.0 + 30 / c)
        yield Candidate(partial(_build, c), cost, (c,), (c,), 400, why=f"{c} channels at a time")
