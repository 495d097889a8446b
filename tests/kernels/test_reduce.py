"""Reductions, positions of extremes, cumulative sums and softmax compute what the operators mean."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from cases import Case, Close, case_of, on, over
from harness import host_targets, node, value
from mgecc.graph import DType, Node, Unsupported
from mgecc.kernels import candidates
from mgecc.targets import Target

on_host = on(host_targets())
SHAPES = [
    (1,),
    (7,),
    (65,),
    (3, 5),
    (2, 33),
    (4, 3, 8),
    (2, 5, 17),
    (2, 3, 4, 5),
    (1, 40, 7, 7),
    (3, 1, 6),
    (2, 19, 1, 1),
]
MODES = ["sum", "sum_squares", "product", "min", "max", "mean"]


def check(tested: Node, inputs: list[np.ndarray], rtol: float = 1e-5, atol: float = 1e-6) -> Case:
    return case_of(tested, inputs, Close(rtol, atol))


def sample(shape: tuple[int, ...], dtype: DType, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if dtype.is_float:
        return rng.uniform(0.5, 1.5, shape).astype(np.float32) * rng.choice(np.float32([-1, 1]), shape)
    low, high = (0, 1) if dtype.name == "bool" else dtype.range
    return rng.integers(max(low, -1000), min(high, 1000), shape, endpoint=True).astype(dtype.numpy)


def pairs(dtype: str, modes: list[str]) -> list[tuple[DType, str]]:
    return [(DType(dtype), mode) for mode in modes]


INTEGERS = ("int32", "int16", "uint16", "int8", "uint8", "bool")
PLAIN = [*pairs("float32", MODES), *(pair for name in INTEGERS for pair in pairs(name, MODES[:-1]))]
QUANTISED = [(DType("qint8", 0.1), m) for m in ("min", "max", "mean")] + [(DType("quint8", 0.1, 120), "mean")]


@on_host
@over(("dtype", "mode"), [*PLAIN, *QUANTISED], ids=str)
def test_reductions_over_an_axis(target: Target, dtype: DType, mode: str) -> Iterator[Case]:
    for shape in SHAPES:
        for axis in range(len(shape)):
            tested = node("Reduce", [value("x", shape, dtype)], mode=mode, axis=axis - len(shape))
            yield check(tested, [sample(shape, dtype)])


@on_host
@over("mode", MODES)
def test_reductions_to_a_shape(target: Target, mode: str) -> Iterator[Case]:
    for shape, goal in [((2, 3, 4, 5), (1,)), ((2, 3, 4, 5), (1, 3, 1, 5)), ((2, 3, 4, 5), (2, 1, 4, 1)),
                        ((6, 7), (6, 7)),
                        ((2, 3, 4, 5), (1, 1, 4, 5)), ((2, 3, 2, 3, 2), (1, 3, 1, 3, 1))]:  # fmt: skip
        k = np.array(goal, np.int32)
        inputs = [value("x", shape), value("k", k.shape, "int32", k)]
        tested = node("Reduce", inputs, mode=mode)
        yield check(tested, [sample(shape, DType("float32")), k])


@on_host
@over("op", ["Argmax", "Argmin"])
def test_positions_of_extremes(target: Target, op: str) -> Iterator[Case]:
    for dtype in ("float32", "int32", "uint8"):
        for shape in SHAPES:
            x = np.random.default_rng(2).integers(0, 9, shape).astype(dtype)
            for axis in range(len(shape)):
                yield check(node(op, [value("x", shape, dtype)], axis=axis), [x])
    x = np.array([[1, np.nan, 3], [2, 2, 2]], np.float32)
    yield check(node(op, [value("x", x.shape)], axis=1), [x])
    random = np.random.default_rng(3)
    x = random.integers(0, 30, (9, 77)).astype(np.float32)
    x[random.random(x.shape) < 0.03] = np.nan
    for axis in (0, 1):
        yield check(node(op, [value("x", x.shape)], axis=axis), [x])


@on_host
def test_cumulative_sums_and_products(target: Target) -> Iterator[Case]:
    for dtype in ("float32", "int32", "uint8"):
        for shape in ((17,), (3, 5), (2, 4, 3), (1, 200)):
            x = sample(shape, DType(dtype))
            for axis in range(len(shape)):
                for exclusive, reverse in ((0, 0), (0, 1), (1, 0), (1, 1)):
                    attrs = {"axis": axis, "exclusive": bool(exclusive), "reverse": bool(reverse)}
                    yield check(node("Cumsum", [value("x", shape, dtype)], **attrs), [x])
                    product = node("Cumprod", [value("x", shape, dtype)], **attrs)
                    yield case_of(product, [x], Close(2e-5, 1e-30))


@on_host
def test_softmax(target: Target) -> Iterator[Case]:
    for shape in SHAPES:
        for scale in (1, 100):
            x = (np.random.default_rng(3).normal(size=shape) * scale).astype(np.float32)
            for axis in range(len(shape)):
                yield check(node("Softmax", [value("x", shape)], axis=axis), [x], 1e-5, 1e-7)


def test_reductions_without_kernel_are_refused() -> None:
    tested = node("Reduce", [value("x", (4, 5), "float16")], mode="sum", axis=0)
    with pytest.raises(Unsupported, match="float16"):
        candidates(tested, host_targets()[0])
