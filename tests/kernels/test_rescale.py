"""Quantised sums that end by fixed-point factors give the numbers of their meaning, under every rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import harness
import numpy as np
from cases import Case, Close, case_of, on, over
from mgecc.graph import DType, Node
from mgecc.ops.rescale import Rescale
from mgecc.targets import Target
from quantised import constant, inputs_of, targets

RULES = ("double", "single", "half_even")
_X, _Y, _W = DType("qint8", 0.1, -37), DType("qint8", 0.2, 11), DType("qint8")
_UX, _UY, _UW = DType("quint8", 0.1, 91), DType("quint8", 0.2, 130), DType("quint8", None, 128)


def rescale(rng: np.random.Generator, rule: Any, y: DType, channels: int, inner: int, **ends: int) -> Rescale:
    """Factors that bring sums of so many products to the range of bytes, halves exactly hit among them."""
    factors = 2.0 ** rng.uniform(-1, 1, channels) / (inner**0.5 * 90)
    factors[::3] = 2.0 ** np.round(np.log2(factors[::3]))
    low, high = y.range
    return Rescale(
        rule, tuple(factors.astype(np.float32).astype(float)), ends.get("low", low), ends.get("high", high)
    )


def conv(rng: np.random.Generator, shape: tuple[int, ...], rule: Any, **options: Any) -> Node:
    """n, ic, oc, groups, h, w, k, stride, pad"""
    n, ic, oc, groups, h, w, k, stride, pad = shape
    x, y, weights = options.get("x", _X), options.get("y", _Y), options.get("w", _W)
    by = options.get("by") or rescale(
        rng, rule, y, options.get("factors", oc), ic // groups * k * k, **options.get("ends", {})
    )
    values = [harness.value("x", (n, ic, h, w), x), constant(rng, "w", (oc, ic // groups, k, k), weights)]
    if options.get("bias", True):
        bias = rng.integers(-2000, 2000, (1, oc, 1, 1)).astype(np.int32)
        values.append(harness.value("b", bias.shape, DType("int32"), bias))
    attrs = {
        "stride": (stride,) * 2,
        "padding": ((pad, pad),) * 2,
        "groups": groups,
        "output_dtype": y,
        "rescale": by,
    }
    return harness.node("ConvBias", values, **attrs)


# The dense, the pointwise, few input channels, groups, a depthwise one.
_SHAPES = {
    "dense": (1, 16, 20, 1, 9, 11, 3, 1, 1),
    "strided": (2, 7, 9, 1, 8, 9, 3, 2, 1),
    "pointwise": (1, 24, 33, 1, 7, 9, 1, 1, 0),
    "first": (1, 3, 16, 1, 12, 13, 3, 2, 1),
    "pixel": (1, 32, 48, 1, 1, 1, 1, 1, 0),
    "groups": (1, 32, 32, 2, 6, 7, 3, 1, 1),
    "depthwise": (1, 20, 20, 20, 9, 12, 3, 1, 1),
    "wide_depthwise": (1, 16, 16, 16, 11, 14, 5, 2, 2),
    "multiplied": (1, 4, 8, 4, 7, 7, 3, 1, 1),
}


def _case(rng: np.random.Generator, node: Node) -> Case:
    return case_of(node, inputs_of(rng, node), Close(0, 0))


@on(targets())
def test_convolutions_rescaled_by_channel(target: Target) -> Iterator[Case]:
    for shape in _SHAPES.values():
        rng = np.random.default_rng(sum(shape))
        yield _case(rng, conv(rng, shape, "double"))


@on(targets())
@over("rule", ["single", "half_even"])
def test_convolutions_rounded_once(target: Target, rule: str) -> Iterator[Case]:
    for name in ("dense", "depthwise"):
        rng = np.random.default_rng(9)
        yield _case(rng, conv(rng, _SHAPES[name], rule))


_FORMS: dict[str, dict[str, Any]] = {
    "one_factor": {"factors": 1},
    "no_bias": {"bias": False},
    "limits": {"ends": {"low": 11, "high": 73}},
    "unsigned": {"x": _UX, "y": _UY},
    "unsigned_weights": {"x": _UX, "y": _UY, "w": _UW},
    "odd_weights": {"x": _UX, "y": _UY, "w": DType("quint8", None, 77)},
}


@on(targets())
def test_every_form_of_rescaled_convolution(target: Target) -> Iterator[Case]:
    for form, options in _FORMS.items():
        for name in ("dense", "depthwise", "pointwise"):
            rng = np.random.default_rng(len(form))
            yield _case(rng, conv(rng, _SHAPES[name], "double", **options))


@on(targets())
@over("rule", RULES)
def test_factors_of_any_size_saturate(target: Target, rule: Any) -> Iterator[Case]:
    rng, oc = np.random.default_rng(5), 32
    factors = tuple(float(np.float32(f)) for f in (0.0, 2.0**29, *2.0 ** rng.uniform(-33, 12, oc - 2)))
    by = Rescale(rule, factors, -128, 127)
    yield _case(rng, conv(rng, (1, 16, oc, 1, 5, 6, 3, 1, 1), rule, by=by))


def matmul(rng: np.random.Generator, shape: tuple[int, int, int], rule: Any, transposed: bool) -> Node:
    m, k, n = shape
    bias = rng.integers(-2000, 2000, (1, n)).astype(np.int32)
    values = [
        harness.value("a", (m, k), _X),
        constant(rng, "b", (n, k) if transposed else (k, n), _W),
        harness.value("bias", (1, n), DType("int32"), bias),
    ]
    by = rescale(rng, rule, _Y, n if m > 1 else 1, k)
    return harness.node("MatrixMul", values, transpose_b=transposed, output_dtype=_Y, rescale=by)


@on(targets())
def test_products_rescaled_by_column(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(3)
    for shape, transposed in (
        ((1, 64, 10), True),
        ((3, 17, 33), False),
        ((2, 5, 1), True),
        ((1, 100, 65), False),
    ):
        yield _case(rng, matmul(rng, shape, "double", transposed))
    for rule in ("single", "half_even"):
        yield _case(rng, matmul(rng, (3, 17, 33), rule, True))
    values = [harness.value("a", (2, 5, 9), _X), harness.value("b", (2, 9, 7), DType("qint8", 0.1, 5))]
    by = rescale(rng, "single", _Y, 1, 9)
    yield _case(rng, harness.node("BatchedMatrixMul", values, output_dtype=_Y, rescale=by))


def test_new_factors_leave_kernels_alone() -> None:
    kernels = []
    for seed in (1, 2):
        rng = np.random.default_rng(seed)
        node = conv(rng, _SHAPES["dense"], "double")
        kernels.append([c.build(node)[0].kernel for c in harness.all_candidates(node, targets()[0])])
    assert kernels[0] == kernels[1]
