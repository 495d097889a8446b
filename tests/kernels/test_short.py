"""Operators of quantised 16-bit numbers give the numbers of their meaning, on every instruction set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import harness
import numpy as np
from cases import TWO, Case, Close, case_of, on, over
from mgecc.graph import DType, Node, Value
from mgecc.ops.pooling import PoolingAttrs
from mgecc.ops.rescale import Rescale
from mgecc.targets import Target

_X, _B, _Y, _W = DType("qint16", 2e-4), DType("qint16", 7e-4), DType("qint16", 5e-4), DType("qint8")
_FRACTION = DType("qint16", 2.0**-15)
EXACT = Close(0, 0)


def _any(rng: np.random.Generator, shape: Sequence[int], dtype: DType) -> np.ndarray:
    """Stored numbers of the whole range, its ends among them."""
    low, high = dtype.range
    array = rng.integers(low, high + 1, shape).astype(dtype.numpy)
    array.flat[0], array.flat[-1] = low, high
    return array


def _case(rng: np.random.Generator, node: Node) -> Case:
    arrays = [v.const if v.const is not None else _any(rng, v.shape, v.type.dtype) for v in node.inputs]
    return case_of(node, arrays, EXACT)


def _weights(rng: np.random.Generator, *shape: int, most: int = 127) -> Value:
    array = rng.integers(-most, most + 1, shape).astype(np.int8)
    return harness.value("w", shape, _W, array)


def _by(rng: np.random.Generator, rule: Any, channels: int, inner: int) -> Rescale:
    """Factors that bring sums of so many products to the range of the result, and beyond it."""
    factors = 2.0 ** rng.uniform(-2, 1, channels) / (inner**0.5 * 40)
    factors[:1] = 2.0 ** np.round(np.log2(factors[:1]))
    return Rescale(rule, tuple(factors.astype(np.float32).astype(float)), -32768, 32000)


# n, ic, oc, groups, h, w, k, stride, pad, the largest weight
_CONVOLUTIONS = {
    "dense": (1, 16, 20, 1, 9, 11, 3, 1, 1, 127),
    "small": (1, 16, 20, 1, 9, 11, 3, 1, 1, 5),
    "strided": (2, 7, 9, 1, 8, 9, 3, 2, 1, 127),
    "pointwise": (1, 600, 5, 1, 2, 3, 1, 1, 0, 127),
    "groups": (1, 8, 12, 2, 6, 7, 3, 1, 1, 127),
    "depthwise": (1, 20, 20, 20, 9, 12, 3, 1, 1, 127),
}


@on(TWO)
@over("rule", ["wide", "double"])
def test_convolutions(target: Target, rule: str) -> Iterator[Case]:
    for n, ic, oc, groups, h, w, k, stride, pad, most in _CONVOLUTIONS.values():
        rng, inner = np.random.default_rng(ic), ic // groups * k * k
        for channels, bias_type in ((oc, np.int32), (1, None), *([(oc, np.int64)] if rule == "wide" else [])):
            values = [harness.value("x", (n, ic, h, w), _X), _weights(rng, oc, ic // groups, k, k, most=most)]
            if bias_type is not None:
                bias = rng.integers(-(1 << 36), 1 << 36, (1, oc, 1, 1)) >> (
                    0 if bias_type == np.int64 else 14
                )
                values.append(
                    harness.value("b", bias.shape, DType(bias_type.__name__), bias.astype(bias_type))
                )
            yield _case(
                rng,
                harness.node(
                    "ConvBias",
                    values,
                    stride=(stride,) * 2,
                    padding=((pad, pad),) * 2,
                    groups=groups,
                    output_dtype=_Y,
                    rescale=_by(rng, rule, channels, inner),
                ),
            )


@on(TWO)
def test_products(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(3)
    for (m, k, n), most in (((1, 64, 10), 127), ((3, 700, 7), 127), ((2, 17, 33), 1)):
        bias = rng.integers(-(1 << 31), 1 << 31, (1, n)).astype(np.int32)
        values = [harness.value("a", (m, k), _X), _weights(rng, n, k, most=most)]
        values.append(harness.value("bias", (1, n), DType("int32"), bias >> (0 if most > 1 else 8)))
        by = _by(rng, "wide", n, k)
        yield _case(rng, harness.node("MatrixMul", values, transpose_b=True, output_dtype=_Y, rescale=by))
    for turned in (False, True):
        shapes = (2, 9, 5) if turned else (2, 5, 9), (2, 7, 9) if turned else (2, 9, 7)
        values = [harness.value(name, shape, t) for name, shape, t in zip("ab", shapes, (_X, _B))]
        by = replace(_by(rng, "wide", 1, 9), factors=(3e-5,))
        attrs = {"transpose_a": turned, "transpose_b": turned, "output_dtype": _Y, "rescale": by}
        yield _case(rng, harness.node("BatchedMatrixMul", values, **attrs))


@on(harness.host_targets())
@over("mode", ["add", "sub", "mul", "squared_difference"])
def test_sums_differences_and_products(target: Target, mode: str) -> Iterator[Case]:
    rng = np.random.default_rng(4)
    terms = (1.0, 1.0) if mode == "mul" else (0.5, 0.171)
    factor = {"mul": 2.1e-5, "squared_difference": 1e-4}.get(mode, 4e-5)
    for shapes in (
        ((2, 5, 7, 9), (2, 5, 7, 9)),
        ((4, 6, 33), (33,)),
        ((3, 37), (1,)),
        ((3, 1, 9), (1, 4, 9)),
    ):
        values = [harness.value(n, s, t) for n, s, t in zip("ab", shapes, (_X, _B))]
        by = Rescale("double", (factor,), -30000, 32767)
        attrs = {"mode": mode, "dtype": _Y, "rescale": by, "factors": terms}
        yield _case(rng, harness.node("RescaledArithmetic", values, **attrs))


@on(TWO)
def test_means_and_sums(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(5)
    for shape in ((1, 12, 7, 5), (2, 5, 1, 1), (1, 1, 1, 63)):
        for sums in (False, True):
            by = Rescale("double", (0.3 if shape[1] > 3 else 1.7,), *_Y.range)
            value = harness.value("x", shape, _X)
            yield _case(rng, harness.node("RescaledMean", [value], dtype=_Y, rescale=by, sums=sums))


@on(TWO)
@over("mode", ["max", "average"])
def test_poolings(target: Target, mode: Any) -> Iterator[Case]:
    rng = np.random.default_rng(6)
    forms = ((3, 2), (2, 1), 1, False), ((4, 4), (1, 3), 0, True), ((2, 2), (2, 2), 1, True)
    for window, stride, pad, counted in forms:
        attrs = PoolingAttrs(window, stride, ((pad, pad), (pad, 0)), mode, counted)
        value = harness.value("x", (2, 5, 9, 11), _X)
        yield _case(rng, harness.node("Pooling", [value], **vars(attrs)))
    flat = harness.value("x", (1, 1, 255, 257), _X)
    node = harness.node("Pooling", [flat], window=(255, 257), mode=mode)
    yield case_of(node, [np.full(flat.shape, 32767, np.int16)], EXACT)


@on(TWO)
@over("function", ["logistic", "tanh"])
def test_functions_of_every_number(target: Target, function: str) -> Iterator[Case]:
    every = np.arange(-32768, 32768).astype(np.int16)[None]
    for multiplier, shift in ((3, 0), (6, 0), (20000, 14), (32767, 31), (65535, 0)):
        value = harness.value("x", every.shape, _X)
        attrs = {"function": function, "dtype": _FRACTION, "multiplier": multiplier, "shift": shift}
        yield case_of(harness.node("FixedFunction", [value], **attrs), [every], EXACT)


@on(TWO)
def test_inverse_roots_of_every_number(target: Target) -> Iterator[Case]:
    every = np.arange(-32768, 32768).astype(np.int16)[None]
    for factor in (2.0**-11, 300.0, 32767.0, 2.0**29):
        value = harness.value("x", every.shape, _X)
        yield case_of(harness.node("FixedRsqrt", [value], dtype=_Y, factor=factor), [every], EXACT)


@on(TWO)
def test_softmax(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(7)
    for shape in ((1, 10), (3, 1), (2, 3, 257), (1, 4000)):
        for factor in (0.004, 0.9, 700.0):
            value = harness.value("x", shape, _X)
            yield _case(rng, harness.node("FixedSoftmax16", [value], dtype=_FRACTION, factor=factor))
    flat = harness.node("FixedSoftmax16", [harness.value("x", (2, 65535), _X)], dtype=_FRACTION, factor=0.1)
    yield case_of(flat, [np.full((2, 65535), 9, np.int16)], EXACT)


@on(TWO)
def test_whole_numbers_become_short_ones_and_back(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(8)
    byte = DType("qint8", 0.1, -7)
    for x, y, factor in (
        (byte, _Y, 200.0),
        (_X, _Y, 0.7),
        (_X, byte, 0.003),
        (DType("int32"), _Y, 0.7),
        (_X, _Y, 1.0),
    ):
        node = harness.node(
            "Rescale",
            [harness.value("x", (3, 67), x)],
            dtype=y,
            rescale=Rescale("double", (factor,), *y.range),
        )
        yield _case(rng, node)
