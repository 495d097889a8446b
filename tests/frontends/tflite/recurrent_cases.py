"""Recurrent layers with variable tensors, and streams of data; ``record_operators.py`` stores what comes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
from tflite_case import Case
from tflite_writer import TfliteFile

_RNG = np.random.default_rng(44)
RUNS = 4
_GATES = 4


class _Net:
    """A file of one layer. ``x``: consecutive inputs, one for each run."""

    def __init__(self, x: np.ndarray, scale: float = 0.0, zero: int = 0) -> None:
        self.file, self.x = TfliteFile(), x
        self.operands = [
            self.file.input("x", x.shape[1:], "INT8" if scale else "FLOAT32", **_stated(scale, zero))
        ]

    def constant(self, array: np.ndarray, scale: float = 0.0) -> None:
        self.operands.append(self.file.constant(array, **_stated(scale, 0)))

    def absent(self, count: int) -> None:
        self.operands += [-1] * count

    def variable(self, shape: Sequence[int], type: str, scale: float = 0.0, zero: int = 0) -> None:
        made = self.file.tensor(
            shape, type, f"state{len(self.operands)}", is_variable=True, **_stated(scale, zero)
        )
        self.operands.append(made)

    def case(self, name: str, type: str, shape: Sequence[int], scale: float, zero: int, options: Any) -> Case:
        y = self.file.tensor(shape, "INT8" if scale else "FLOAT32", **_stated(scale, zero))
        self.file.op(type, self.operands, y, options=options)
        return Case(f"{type.lower()}_{name}", self.file.root(y), {"x": self.x})


def _stated(scale: float, zero: int) -> dict[str, Any]:
    return {"scale": [scale], "zero": [zero]} if scale else {}


def _bytes(*shape: int, low: int = -128) -> np.ndarray:
    return _RNG.integers(low, 128, shape).astype(np.int8)


def _floats(*shape: int) -> np.ndarray:
    return _RNG.normal(size=shape).astype(np.float32)


def _lstm_options(time_major: bool, clip: float) -> Any:
    fields = {"fused_activation_function": "TANH", "cell_clip": clip, "time_major": time_major}
    return "UnidirectionalSequenceLSTMOptions", fields


def _lstm(
    name: str, sizes: tuple[int, int, int, int], time_major: bool, clip: float, cell: float, zero: int
) -> Case:
    """Of bytes; ``sizes``: steps, batch, data, units. ``cell``: scale of cells."""
    t, n, inner, hidden = sizes
    outer = (t, n) if time_major else (n, t)
    net = _Net(_bytes(RUNS, *outer, inner), 0.021, -11)
    for k in range(2 * _GATES):
        net.constant(_bytes(hidden, inner if k < _GATES else hidden, low=-127), 0.004 + 0.001 * k)
    net.absent(3)
    for k in range(_GATES):
        net.constant(_RNG.integers(-9000, 9000, hidden).astype(np.int32), 0.021 * (0.004 + 0.001 * k))
    net.absent(2)
    net.variable([n, hidden], "INT8", 0.0071, zero)
    net.variable([n, hidden], "INT16", cell)
    net.absent(4)
    options = _lstm_options(time_major, clip)
    return net.case(name, "UNIDIRECTIONAL_SEQUENCE_LSTM", [*outer, hidden], 0.0071, zero, options)


def _float_lstm(name: str, sizes: tuple[int, int, int, int], time_major: bool, clip: float) -> Case:
    t, n, inner, hidden = sizes
    outer = (t, n) if time_major else (n, t)
    net = _Net(_floats(RUNS, *outer, inner))
    for k in range(2 * _GATES):
        net.constant(_floats(hidden, inner if k < _GATES else hidden))
    net.absent(3)
    for _ in range(_GATES):
        net.constant(_floats(hidden))
    net.absent(2)
    net.variable([n, hidden], "FLOAT32")
    net.variable([n, hidden], "FLOAT32")
    net.absent(4)
    options = _lstm_options(time_major, clip)
    return net.case(name, "UNIDIRECTIONAL_SEQUENCE_LSTM", [*outer, hidden], 0.0, 0, options)


def _svdf(name: str, sizes: tuple[int, int, int, int, int], kept: str, zero: int) -> Case:
    """Of bytes; ``sizes``: batch, data, units, rank, memory."""
    n, inner, units, rank, memory = sizes
    net = _Net(_bytes(RUNS, n, inner), 0.03, 17)
    net.constant(_bytes(units * rank, inner, low=-127), 0.011)
    step = 0.0005 if kept == "INT16" else 0.1
    time = _RNG.integers(-127, 128, (units * rank, memory))
    net.constant(time.astype(np.int16 if kept == "INT16" else np.int8), 0.008)
    net.constant(_RNG.integers(-20000, 20000, units).astype(np.int32), step * 0.008)
    net.variable([n, units * rank * memory], kept, step, zero)
    options = ("SVDFOptions", {"rank": rank, "fused_activation_function": "RELU"})
    return net.case(f"{kept.lower()}_{name}", "SVDF", [n, units], 0.09, -100, options)


def _float_svdf(name: str, sizes: tuple[int, int, int, int, int], word: str) -> Case:
    n, inner, units, rank, memory = sizes
    net = _Net(_floats(RUNS, n, inner))
    for shape in ((units * rank, inner), (units * rank, memory), (units,)):
        net.constant(_floats(*shape))
    net.variable([n, units * rank * memory], "FLOAT32")
    options = ("SVDFOptions", {"rank": rank, "fused_activation_function": word})
    return net.case(f"float_{name}", "SVDF", [n, units], 0.0, 0, options)


def _all() -> Iterator[Case]:
    yield _lstm("int8_plain", (7, 1, 9, 11), False, 10.0, 2.0**-12, 0)
    yield _lstm("int8_wide_cells", (3, 2, 17, 5), True, 0.0, 2.0**-10, -9)
    yield _lstm("int8_fine_cells", (4, 2, 8, 8), False, 0.5, 2.0**-15, 30)
    yield _float_lstm("float_clipped", (5, 2, 6, 7), False, 0.75)
    yield _float_lstm("float_plain", (3, 1, 4, 19), True, 0.0)
    for kept, zero in (("INT16", 0), ("INT8", 0), ("INT8", 5)):
        yield _svdf(f"zero{zero}", (2, 13, 4, 3, 6), kept, zero)
    yield _svdf("short", (1, 5, 3, 1, 1), "INT16", 0)
    yield _float_svdf("relu", (2, 13, 4, 2, 6), "RELU")
    yield _float_svdf("none", (1, 5, 3, 1, 2), "NONE")


@cache
def recurrent_cases() -> dict[str, Case]:
    """By name, in order; the numbers are the same in every run, as they are drawn once."""
    return {case.name: case for case in _all()}
