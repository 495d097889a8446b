"""Candidates for GridSample."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Kernel, serves
from mgecc.kernels.plain import plain_candidate, require_float32
from mgecc.ops.grid_sample import GridSampleAttrs
from mgecc.targets import Target


def _build(node: Node) -> list[Call]:
    attrs, x, y = node.attributes(GridSampleAttrs), node.inputs[0].shape, node.output.shape
    size = x[2:]
    corners = "_aligned" if attrs.align_corners else ""
    sizes = tuple(f"s{axis}" for axis in range(len(size)))
    kernel = Kernel(
        f"grid_sample_f32_{len(size)}d_{attrs.mode}_{attrs.border}{corners}",
        "grid_sample/points.c.j2",
        (("x", "const float *"), ("grid", "const float *"), ("y", "float *")),
        tuple((name, "int32_t") for name in ("n", "c", "points", *sizes)),
        (
            ("aligned", attrs.align_corners),
            ("axes", len(size)),
            ("border", attrs.border),
            ("taps", attrs.taps),
        ),
    )
    return [Call(kernel, (*node.inputs, node.output), (*x[:2], prod(y[2:]), *size))]


@serves("GridSample")
def grid_sample(node: Node, target: Target) -> Iterator[Candidate]:
    """Point by point; channels share places and weights."""
    require_float32((*node.inputs, node.output))
    attrs, axes = node.attributes(GridSampleAttrs), node.inputs[0].type.rank - 2
    elements = node.output.type.elements
    points = elements / node.output.shape[1]
    yield plain_candidate(
        node, _build, 100 + 40.0 * axes * points + 4.0 * elements * attrs.taps**axes, "point by point"
    )
