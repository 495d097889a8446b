"""Correlation of feature maps over displacements, in plain float32 (rows.c.j2).

The layer of FlowNet (Dosovitskiy et al. 2015, arXiv:1504.06852).
"""

from __future__ import annotations

from collections.abc import Iterator

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Kernel, serves
from mgecc.kernels.plain import plain_candidate, require_float32
from mgecc.ops.correlation import CorrelationAttrs
from mgecc.targets import Target

_FIELDS = ("n", "channels", "h", "w", "oh", "ow", "size", "step", "border", "grid", "apart", "reach")


def _build(node: Node) -> list[Call]:
    attrs = node.attributes(CorrelationAttrs)
    kernel = Kernel(
        f"correlation_f32_{attrs.mode}",
        "correlation/rows.c.j2",
        (("x", "const float *"), ("z", "const float *"), ("y", "float *")),
        tuple((name, "int32_t") for name in _FIELDS),
        (("multiply", attrs.mode == "product"),),
    )
    shifts, forms = attrs.displacements, (attrs.window, attrs.stride, attrs.border)
    numbers = (*node.inputs[0].shape, *node.output.shape[2:], *forms, len(shifts), shifts.step, shifts[-1])
    return [Call(kernel, (*node.inputs, node.output), numbers)]


@serves("Correlation")
def correlation(node: Node, target: Target) -> Iterator[Candidate]:
    """Row against row."""
    require_float32((*node.inputs, node.output))
    work = node.output.type.elements * node.inputs[0].shape[1] * node.attributes(CorrelationAttrs).window ** 2
    yield plain_candidate(node, _build, 100 + 4 * work / target.lanes, "row against row")
