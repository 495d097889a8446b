"""Correlation of plain float32 maps (rows.c.j2)."""

from __future__ import annotations

from collections.abc import Iterator

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Kernel, serves
from mgecc.kernels.plain import plain_candidate, require_float32
from mgecc.targets import Target

_FIELDS = ("n", "channels", "h", "w", "oh", "ow", "size", "step", "border", "grid", "apart", "reach")


def _build(node: Node) -> list[Call]:
    attrs, multiply = node.attrs, bool(node.attrs["is_multiply"])
    kernel = Kernel(
        f"correlation_f32_{'product' if multiply else 'difference'}",
        "correlation/rows.c.j2",
        (("x", "const float *"), ("z", "const float *"), ("y", "float *")),
        tuple((name, "int32_t") for name in _FIELDS),
        (("multiply", multiply),),
    )
    size, farthest, apart = (int(attrs[key]) for key in ("kernel_size", "max_displacement", "stride2"))
    border = farthest + size // 2 - int(attrs["pad_size"])
    side = farthest // apart
    n, channels, h, w = node.inputs[0].shape
    sizes = (n, channels, h, w, *node.output.shape[2:])
    numbers = (*sizes, size, int(attrs["stride1"]), border, 2 * side + 1, apart, side * apart)
    return [Call(kernel, (*node.inputs, node.output), numbers)]


@serves("Correlation")
def correlation(node: Node, target: Target) -> Iterator[Candidate]:
    """Row against row."""
    require_float32((*node.inputs, node.output))
    work = node.output.type.elements * node.inputs[0].shape[1] * int(node.attrs["kernel_size"]) ** 2
    yield plain_candidate(node, _build, 100 + 4 * work / target.lanes, "row against row")
