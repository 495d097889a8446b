"""Element-wise kernels, reductions, softmax and copies on both Arm targets, under emulation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from batch import Case, check_emulated
from harness import node, value
from mgecc.graph import DType, Node


def floats(shape: tuple[int, ...], seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def unary(mode: str, shape: tuple[int, ...]) -> Case:
    return Case(mode, lambda: node("Elemwise", [value("x", shape)], mode=mode), [floats(shape)])


def binary(mode: str, a: tuple[int, ...], b: tuple[int, ...], constant: bool = False) -> Case:
    x, y = floats(a), np.abs(floats(b, 2)) + np.float32(0.5)

    def make() -> Node:
        return node("Elemwise", [value("x", a), value("y", b, const=y if constant else None)], mode=mode)

    return Case(f"{mode} {a} {b}", make, [x, y])


def simple(op: str, shape: tuple[int, ...], **attrs: object) -> Case:
    return Case(f"{op} {attrs}", lambda: node(op, [value("x", shape)], **attrs), [floats(shape)])


def quantised() -> Case:
    """Narrow loads; the result is converted back so that it can be compared as floats."""
    x = np.random.default_rng(3).integers(-128, 127, (2, 5, 3, 3)).astype(np.int8)
    make: Callable[[], Node] = lambda: node(
        "TypeCvt", [value("x", x.shape, DType("qint8", 0.3))], dtype=DType("float32")
    )
    return Case("dequantise", make, [x])


UNARY = [
    "relu",
    "sigmoid",
    "tanh",
    "exp",
    "erf",
    "gelu",
    "silu",
    "h_swish",
    "hsigmoid",
    "sin",
    "cos",
    "sinh",
    "asinh",
    "round",
    "floor",
    "ceil",
    "softplus",
    "sign",
]
CASES = [
    *(unary(mode, (2, 5, 3, 3)) for mode in UNARY),
    *(
        binary(mode, (2, 8, 3, 5), (1, 8, 1, 1), k)
        for mode in ("add", "mul", "true_div")
        for k in (False, True)
    ),
    *(binary(mode, (3, 7), (3, 7)) for mode in ("sub", "max", "min", "mod", "atan2", "prelu", "lt")),
    *(simple("PowC", (2, 9), exponent=e) for e in (2.0, -1.0)),
    *(
        simple("Reduce", (2, 5, 3, 7), mode=m, axis=a)
        for m in ("sum", "mean", "max", "min", "sum_squares")
        for a in (1, 3)
    ),
    *(simple("Softmax", (2, 19, 3), axis=a) for a in (0, 1, 2)),
    simple("Dimshuffle", (2, 3, 4, 5), pattern=(0, 2, 3, 1)),
    simple("Cumsum", (2, 9), axis=1, exclusive=False, reverse=True),
    *(simple("Relayout", (2, 13, 3, 3), before=a, after=b) for a, b in ((1, 4), (4, 1), (4, 8))),
    *(
        simple("Relayout", (2, channels, 1, pixels), before=a, after=b)
        for a, b in ((1, 4), (4, 1))
        for pixels in (1, 3, 4, 7, 8, 11, 21)
        for channels in (4, 9, 10, 15)
    ),
    *(simple("Dimshuffle", (3, 2, width), pattern=(1, 0, 2)) for width in (7, 19, 37, 64)),
    quantised(),
]


@pytest.mark.parametrize("target", ["arm64", "armv7", "baremetal"])
def test_kernels_on_arm(target: str) -> None:
    check_emulated(CASES, target)
