"""Operators of quantised bytes in fixed point give the numbers of their meaning, on every instruction set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import harness
import numpy as np
from cases import TWO, Case, Close, case_of, on, over
from mgecc.graph import DType, Node
from mgecc.ops.rescale import Rescale
from mgecc.targets import Target
from quantised import inputs_of

_A, _B, _Y = DType("qint8", 0.1, -7), DType("qint8", 0.3, 19), DType("qint8", 0.2, 5)
_UA, _UY = DType("quint8", 0.1, 120), DType("quint8", 0.2, 33)
EXACT = Close(0, 0)


def _case(rng: np.random.Generator, node: Node) -> Case:
    return case_of(node, inputs_of(rng, node), EXACT)


def _arithmetic(mode: str, rule: Any, shapes: tuple, types: tuple[DType, DType, DType]) -> Node:
    factors = (0.5, 0.171) if mode != "mul" else (1.0, 1.0)
    factor = {"mul": 0.011, "squared_difference": 2e-7}.get(mode, 3e-6)
    low, high = types[2].range
    values = [harness.value(n, s, t) for n, s, t in zip("ab", shapes, types)]
    by = Rescale(rule, (float(np.float32(factor)),), low, high - 9)
    return harness.node("RescaledArithmetic", values, mode=mode, dtype=types[2], rescale=by, factors=factors)


_BROADCASTS = {
    "same": ((2, 5, 7, 9), (2, 5, 7, 9)),
    "number": ((3, 37), (1,)),
    "row": ((4, 6, 33), (33,)),
    "channel": ((1, 8, 5, 5), (1, 8, 1, 1)),
    "both": ((3, 1, 9), (1, 4, 9)),
    "short": ((3,), (3,)),
}


@on(harness.host_targets())
@over("mode", ["add", "sub", "mul", "squared_difference"])
def test_sums_differences_and_products(target: Target, mode: str) -> Iterator[Case]:
    rng = np.random.default_rng(4)
    for shapes in _BROADCASTS.values():
        yield _case(rng, _arithmetic(mode, "double", shapes, (_A, _B, _Y)))
    yield _case(rng, _arithmetic(mode, "double", _BROADCASTS["same"], (_UA, _B, _UY)))
    yield _case(rng, _arithmetic(mode, "single", _BROADCASTS["row"], (_A, _B, _Y)))
    for form in ("row", "same", "both"):
        yield _case(rng, _arithmetic(mode, "half_even", _BROADCASTS[form], (_A, _UA, _Y)))


@on(harness.host_targets())
def test_means(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(5)
    for shape in ((1, 12, 7, 5), (2, 5, 1, 1), (1, 3, 16, 16), (1, 1, 1, 63)):
        for x, y in ((_A, _Y), (_UA, _UY)):
            factor = 0.3 if shape[1] > 3 else 1.7
            for sums, rule in ((False, "double"), (True, "double"), (True, "half_even")):
                by = Rescale(rule, (float(np.float32(factor)),), *y.range)
                value = harness.value("x", shape, x)
                yield _case(rng, harness.node("RescaledMean", [value], dtype=y, rescale=by, sums=sums))


@on(TWO)
def test_softmax(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(6)
    y = DType("qint8", 1 / 256, -128)
    for shape in ((1, 10), (3, 1), (2, 3, 257), (1, 1000)):
        for factor in (0.004, 0.1, 2.5):
            yield _case(
                rng, harness.node("FixedSoftmax", [harness.value("x", shape, _A)], dtype=y, factor=factor)
            )
    node = harness.node(
        "FixedSoftmax", [harness.value("x", (2, 4000), _UA)], dtype=DType("quint8", 1 / 256), factor=0.1
    )
    yield case_of(node, [np.full((2, 4000), 9, np.uint8)], EXACT)
    yield _case(rng, node)


@on(TWO)
@over("rule", ["double", "single", "half_even"])
def test_whole_numbers_become_bytes(target: Target, rule: Any) -> Iterator[Case]:
    rng = np.random.default_rng(7)
    for x, factor in (
        (DType("qint8", 1.0, 3), 0.7),
        (DType("int32"), 0.002),
        (DType("quint8", 1.0, 99), 1.9),
    ):
        by = Rescale(rule, (float(np.float32(factor)),), -100, 127)
        node = harness.node("Rescale", [harness.value("x", (3, 67), x)], dtype=_Y, rescale=by)
        yield _case(rng, node)


@on(harness.host_targets())
@over("ties", ["half_even", "half_away"])
def test_real_numbers_become_stored_ones(target: Target, ties: str) -> Iterator[Case]:
    rng = np.random.default_rng(8)
    x = np.concatenate(
        [rng.normal(0, 30, 41), rng.integers(-90, 90, 41) + 0.5, [np.nan, np.inf, -np.inf, 1e30, 0.49999997]]
    )
    for y in (DType("qint8", 0.5, 3), DType("quint8", 0.25, 7), DType("qint16", 0.125), DType("qint8", 0.3)):
        node = harness.node("Quantize", [harness.value("x", (1, x.size))], dtype=y, ties=ties)
        yield case_of(node, [(x * y.scale).astype(np.float32)[None]], EXACT)
        yield case_of(node, [x.astype(np.float32)[None]], EXACT)


@on(TWO)
def test_quotients(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(9)
    for shapes in _BROADCASTS.values():
        for factor, (x, d, y) in zip((40.0, 0.03, 1.7), ((_A, _B, _Y), (_UA, _B, _UY), (_B, _UA, _Y))):
            values = [harness.value(n, s, t) for n, s, t in zip("ab", shapes, (x, d))]
            by = Rescale("double", (factor,), *y.range)
            yield _case(rng, harness.node("FixedDivision", values, dtype=y, rescale=by))
    every = np.arange(256, dtype=np.uint8).view(np.int8)
    values = [harness.value("a", (256, 1), _A), harness.value("b", (256,), _B)]
    node = harness.node("FixedDivision", values, dtype=_Y, rescale=Rescale("double", (9.5,), -128, 127))
    yield case_of(node, [every[:, None], every], EXACT)


@on(TWO)
def test_rows_are_normalised(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(10)
    logs, lengths = DType("qint8", 1 / 16, 127), DType("qint8", 1 / 128)
    for shape in ((1, 10), (3, 1), (2, 3, 257), (1, 4000)):
        for factor in (0.004, 0.1, 2.5):
            values = [harness.value("x", shape, _A)]
            yield _case(rng, harness.node("FixedLogSoftmax", values, dtype=logs, factor=factor))
        for x in (_A, _UA, DType("qint8", 0.1, 127)):
            yield _case(rng, harness.node("FixedL2Norm", [harness.value("x", shape, x)], dtype=lengths))
    value = harness.value("x", (40, 2), DType("qint8", 0.1, 0))
    small = rng.integers(-2, 3, (40, 2)).astype(np.int8)
    yield case_of(harness.node("FixedL2Norm", [value], dtype=lengths), [small], EXACT)
    node = harness.node("FixedLogSoftmax", [harness.value("x", (2, 4000), _A)], dtype=logs, factor=0.1)
    yield case_of(node, [np.full((2, 4000), 9, np.int8)], EXACT)
