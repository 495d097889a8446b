"""Which of the small operators are served."""

from __future__ import annotations

from collections.abc import Iterator

from mgecc.graph import Node, Value
from mgecc.kernels.base import Call, Candidate, Kernel, serves
from mgecc.kernels.numbers import ctype_of
from mgecc.kernels.plain import plain_candidate, require_float32
from mgecc.kernels.strides import collapse, dense
from mgecc.ops.copies import CheckNonFiniteAttrs
from mgecc.ops.cross import CrossAttrs
from mgecc.ops.generators import LinspaceAttrs
from mgecc.ops.known import axis_of
from mgecc.targets import Target


def _linspace(node: Node) -> list[Call]:
    start, stop = node.inputs[:2]
    types = [ctype_of(v.type.dtype) for v in (start, stop)]
    n, endpoint = node.output.type.elements, node.attributes(LinspaceAttrs).endpoint
    kernel = Kernel(
        f"linspace_{types[0][1]}_{types[1][1]}",
        "generate/linspace.c.j2",
        (("start", f"const {types[0][0]} *"), ("stop", f"const {types[1][0]} *"), ("y", "float *")),
        (("n", "int32_t"), ("parts", "int32_t")),
    )
    return [Call(kernel, (start, stop, node.output), (n, n - endpoint))]


@serves("Linspace")
def linspaces(node: Node, target: Target) -> Iterator[Candidate]:
    """Start and stop computed by the model, the count constant."""
    for value in node.inputs[:2]:
        ctype_of(value.type.dtype)
    yield plain_candidate(node, _linspace, 40 + 8 * node.output.type.elements, "equal steps")


def _finite(node: Node) -> list[Call]:
    kernel = Kernel(
        "check_finite_f32",
        "generate/finite.c.j2",
        (("x", "const float *"), ("y", "float *"), ("flag", "int32_t *")),
        (("n", "int32_t"), ("scale", "float"), ("first", "int32_t")),
    )
    scale, flag = node.attributes(CheckNonFiniteAttrs).scale, node.outputs[-1]
    return [
        Call(kernel, (x, y, flag), (x.type.elements, scale, int(i == 0)))
        for i, (x, y) in enumerate(zip(node.inputs, node.outputs))
    ]


@serves("CheckNonFinite")
def finite_checks(node: Node, target: Target) -> Iterator[Candidate]:
    """float32 values."""
    require_float32(node.inputs)
    steps = 20 + 4.0 * sum(v.type.elements for v in node.inputs)
    yield plain_candidate(node, _finite, steps, "copies and one flag", (0,) if len(node.inputs) == 1 else ())


def _split(value: Value, axis: int) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Shape and strides without ``axis``, and the stride of it."""
    axis = axis_of(axis, value.type.rank)
    strides = dense(value.shape)
    return _without(value.shape, axis), _without(strides, axis), strides[axis]


def _without(numbers: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return numbers[:axis] + numbers[axis + 1 :]


def _stretched(shape: tuple[int, ...], strides: tuple[int, ...], to: tuple[int, ...]) -> tuple[int, ...]:
    """Strides over a broadcast shape."""
    kept = [0 if n == 1 else s for n, s in zip(shape, strides)]
    return (0,) * (len(to) - len(shape)) + tuple(kept)


def _cross(node: Node) -> list[Call]:
    axes = node.attributes(CrossAttrs).axes
    parts = [_split(value, axis) for value, axis in zip((*node.inputs, node.output), axes)]
    outer = parts[2][0]
    nest = collapse(outer, [_stretched(shape, strides, outer) for shape, strides, _ in parts])
    ctype, letters = ctype_of(node.output.type.dtype)
    fields = [f"{letter}{j}" for letter in "npqr" for j in range(nest.depth)] + ["sx", "sz", "sy"]
    kernel = Kernel(
        f"cross_{letters}_l{nest.depth}",
        "generate/cross.c.j2",
        (("x", f"const {ctype} *"), ("z", f"const {ctype} *"), ("y", f"{ctype} *")),
        tuple((name, "int32_t") for name in fields),
        (("ctype", ctype), ("loops", nest.depth)),
    )
    numbers = (*nest.sizes, *(s for strides in nest.strides for s in strides), *(part[2] for part in parts))
    return [Call(kernel, (*node.inputs, node.output), numbers)]


@serves("Cross")
def crosses(node: Node, target: Target) -> Iterator[Candidate]:
    """float32 vectors along any axes."""
    require_float32(node.inputs)
    yield plain_candidate(node, _cross, 40 + 5 * node.output.type.elements, "vector by vector")
