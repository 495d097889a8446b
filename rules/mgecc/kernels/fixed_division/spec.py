"""Candidates for FixedDivision."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Const, Kernel, serves
from mgecc.kernels.rescale import limits
from mgecc.kernels.strides import broadcast_strides, collapse
from mgecc.ops.fixed_division import FixedDivisionAttrs, reciprocal_table
from mgecc.targets import Target


def _limits(node: Node) -> np.ndarray:
    attrs = node.attributes(FixedDivisionAttrs)
    values = limits(attrs.rescale, attrs.dtype)
    values[[6, 8]] = [v.type.dtype.zero_point for v in node.inputs]
    return values


def _build(node: Node) -> list[Call]:
    shape, rescale = node.output.shape, node.attributes(FixedDivisionAttrs).rescale
    nest = collapse(shape, [broadcast_strides(v.shape, shape) for v in (node.output, *node.inputs)])
    ctypes = [f"{v.type.dtype.numpy.name}_t" for v in node.inputs]
    steps, outer = tuple(int(strides[-1] != 0) for strides in nest.strides[1:]), range(nest.depth - 1)
    kernel = Kernel(
        f"fixed_division_{'_'.join(ctypes)}_{''.join('sv'[step] for step in steps)}{nest.depth}",
        "fixed_division/division.c.j2",
        (
            *((f"x{j}", f"const {ctype} *") for j, ctype in enumerate(ctypes)),
            *(
                ("inverse", "const int32_t *"),
                ("f", "const int32_t *"),
                ("q", "const float *"),
                ("y", "int8_t *"),
            ),
        ),
        (
            ("n", "int32_t"),
            *((f"d{d}", "int32_t") for d in outer),
            *((f"s{j}_{d}", "int32_t") for j in range(2) for d in outer),
        ),
        (("depth", nest.depth - 1), ("steps", steps), ("types", tuple(ctypes))),
        ("rescale_one", "fixed_point"),
    )
    constants = (
        Const(partial(reciprocal_table, node.inputs[1].type.dtype)),
        Const(lambda: np.stack(rescale.fixed, axis=-1).astype(np.int32)),
        Const(partial(_limits, node)),
    )
    numbers = (nest.sizes[-1], *nest.sizes[:-1], *nest.strides[1][:-1], *nest.strides[2][:-1])
    return [Call(kernel, (*node.inputs, *constants, node.output), numbers)]


@serves("FixedDivision")
def division(node: Node, target: Target) -> Iterator[Candidate]:
    """Two operands that broadcast, number by number."""
    over = tuple(j for j in range(2) if node.inputs[j].shape == node.output.shape)
    cost = 40.0 + 30.0 * node.output.type.elements
    yield Candidate(_build, cost, (1, 1), (1,), 500, over, why="a table of reciprocals")
