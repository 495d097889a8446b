"""Which functions of 16-bit numbers are served, by which templates."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Const, Kernel, serves
from mgecc.kernels.plain import plain_candidate
from mgecc.ops.fixed_functions import FINER_ROOT
from mgecc.ops.fixed_gates import SIGMOID
from mgecc.ops.fixed_short import (
    FixedFunctionAttrs,
    FixedRsqrtAttrs,
    FixedSoftmax16Attrs,
    exp_table,
    reciprocal_table,
)
from mgecc.ops.rescale import fixed_point
from mgecc.targets import Target

_X, _Y = ("x", "const int16_t *"), ("y", "int16_t *")


def _build_function(node: Node) -> list[Call]:
    attrs = node.attributes(FixedFunctionAttrs)
    kernel = Kernel(
        f"fixed_{attrs.function}_s16",
        "fixed_short/function.c.j2",
        (_X, ("table", "const uint16_t *"), _Y),
        (("n", "int32_t"), ("multiplier", "int32_t"), ("shift", "int32_t")),
        (("function", attrs.function),),
        ("fixed_gates",),
    )
    numbers = (node.output.type.elements, attrs.multiplier, attrs.shift)
    return [Call(kernel, (*node.inputs, Const(lambda: SIGMOID), node.output), numbers)]


@serves("FixedFunction")
def functions(node: Node, target: Target) -> Iterator[Candidate]:
    """Number by number, between two of a table of 256."""
    cost = 100 + 25.0 * node.output.type.elements
    yield plain_candidate(node, _build_function, cost, "a table of 256 with steps between", (0,))


def _build_rsqrt(node: Node) -> list[Call]:
    kernel = Kernel(
        "fixed_rsqrt_s16",
        "fixed_short/rsqrt.c.j2",
        (_X, ("f", "const int32_t *"), _Y),
        (("n", "int32_t"),),
        (("finer", FINER_ROOT),),
        ("rescale_one", "fixed_root"),
    )
    factor = Const(partial(_factor, node.attributes(FixedRsqrtAttrs).factor))
    return [Call(kernel, (*node.inputs, factor, node.output), (node.output.type.elements,))]


@serves("FixedRsqrt")
def rsqrt(node: Node, target: Target) -> Iterator[Candidate]:
    """Number by number, by Newton's method."""
    cost = 100 + 150.0 * node.output.type.elements
    yield plain_candidate(node, _build_rsqrt, cost, "Newton's method", (0,))


def _factor(factor: float) -> np.ndarray:
    return np.stack(fixed_point([factor]), axis=-1).astype(np.int32)


def _build_softmax(node: Node) -> list[Call]:
    x, factor = node.inputs[0], node.attributes(FixedSoftmax16Attrs).factor
    kernel = Kernel(
        "fixed_softmax_s16",
        "fixed_short/softmax.c.j2",
        (_X, ("f", "const int32_t *"), ("powers", "const int16_t *"), ("over", "const int16_t *"), _Y),
        (("rows", "int32_t"), ("n", "int32_t")),
        needs=("rescale_one",),
    )
    constants = (Const(partial(_factor, factor)), Const(exp_table), Const(reciprocal_table))
    n = x.shape[-1]
    return [Call(kernel, (x, *constants, node.output), (x.type.elements // n, n))]


@serves("FixedSoftmax16")
def softmax(node: Node, target: Target) -> Iterator[Candidate]:
    """Three passes over a row, two tables with steps between."""
    cost = 200 + 50.0 * node.output.type.elements
    yield plain_candidate(node, _build_softmax, cost, "tables with steps between", (0,))
