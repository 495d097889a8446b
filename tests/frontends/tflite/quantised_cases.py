"""Operators of quantised bytes, with what goes in; ``record_operators.py`` stores what comes out of TFLM's kernels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from tflite_case import Case
from tflite_writer import TfliteFile

_RNG = np.random.default_rng(41)
Shape = Sequence[int]
Options = tuple[str, Mapping[str, Any]] | None
X, Y = (0.047, -13), (0.11, 21)
"""Scale and zero point of most data and results."""


def stored(*shape: int, low: int = -128, high: int = 128) -> np.ndarray:
    return _RNG.integers(low, high, shape).astype(np.int8)


class Net:
    """A file of one operator."""

    def __init__(self, *data: tuple[Shape, tuple[float, int]]) -> None:
        self.file, self.inputs = TfliteFile(), dict[str, np.ndarray]()
        self.operands = []
        for k, (shape, (scale, zero)) in enumerate(data):
            self.inputs[f"x{k}"] = stored(*shape)
            self.operands.append(self.file.input(f"x{k}", shape, "INT8", scale=[scale], zero=[zero]))

    def weights(self, shape: Shape, axis: int, count: int) -> None:
        """With their biases, for one scale or one for each channel."""
        channels = shape[axis]
        scales = np.geomspace(0.002, 0.02, count).tolist()
        self.operands.append(self.file.constant(stored(*shape, low=-127), scale=scales, axis=axis))
        self.operands.append(self.file.constant(_RNG.integers(-3000, 3000, channels).astype(np.int32)))

    def constant(self, array: np.ndarray) -> None:
        self.operands.append(self.file.constant(array))

    def case(
        self,
        name: str,
        type: str,
        shape: Shape,
        y: tuple[float, int] = Y,
        options: Options = None,
        **more: Any,
    ) -> Case:
        version = more.pop("version", 2)
        result = self.file.tensor(shape, more.get("stored", "INT8"), scale=[y[0]], zero=[y[1]])
        self.file.op(type, self.operands, result, options=options, version=version)
        return Case(f"int8_{type.lower()}_{name}", self.file.root(result), self.inputs)


def _window(word: str, **more: Any) -> dict[str, Any]:
    return {"stride_w": 2, "stride_h": 2, "fused_activation_function": word, **more}


def products() -> Iterator[Case]:
    for word, padding, size in (
        ("NONE", "SAME", (3, 4)),
        ("RELU6", "VALID", (2, 3)),
        ("RELU", "SAME", (3, 4)),
    ):
        for count in (1, 4):
            net = Net(([1, 6, 7, 3], X))
            net.weights([4, 3, 3, 3], 0, count)
            options = ("Conv2DOptions", _window(word, padding=padding))
            yield net.case(f"{word}_{padding}_{count}", "CONV_2D", [1, *size, 4], options=options, version=3)
        net = Net(([1, 6, 7, 3], X))
        net.weights([1, 3, 3, 6], 3, 6)
        options = ("DepthwiseConv2DOptions", _window(word, padding=padding, depth_multiplier=2))
        yield net.case(f"{word}_{padding}", "DEPTHWISE_CONV_2D", [1, *size, 6], options=options, version=3)
        net = Net(([2, 17], X))
        net.weights([5, 17], 0, 1)
        options = ("FullyConnectedOptions", {"fused_activation_function": word})
        yield net.case(word, "FULLY_CONNECTED", [2, 5], options=options, version=4)


def arithmetic() -> Iterator[Case]:
    for type, table in (("ADD", "AddOptions"), ("SUB", "SubOptions"), ("MUL", "MulOptions")):
        for word in ("NONE", "RELU", "RELU6", "RELU_N1_TO_1"):
            net = Net(([2, 3, 8], X), ([2, 3, 8], (0.02, 100)))
            yield net.case(word, type, [2, 3, 8], options=(table, {"fused_activation_function": word}))
    for type, y in (("LOGISTIC", (1 / 256, -128)), ("TANH", (1 / 128, 0)), ("HARD_SWISH", Y), ("ELU", Y)):
        yield Net(([1, 100], X)).case("numbers", type, [1, 100], y, version=1)
    yield Net(([1, 100], X)).case(
        "slope", "LEAKY_RELU", [1, 100], options=("LeakyReluOptions", {"alpha": 0.3})
    )
    for type, y in (("RELU", (0.03, -128)), ("RELU6", X)):
        yield Net(([1, 100], X)).case("numbers", type, [1, 100], y)
    yield Net(([1, 100], X)).case("scale", "QUANTIZE", [1, 100], (0.02, 7))
    yield Net(([1, 100], X)).case("unsigned", "QUANTIZE", [1, 100], (0.047, 115), stored="UINT8")
    yield Net(([1, 100], X)).case("numbers", "DEQUANTIZE", [1, 100], stored="FLOAT32")


def reductions() -> Iterator[Case]:
    for type in ("MAX_POOL_2D", "AVERAGE_POOL_2D"):
        for word in ("NONE", "RELU6"):
            options = ("Pool2DOptions", _window(word, padding="SAME", filter_width=3, filter_height=2))
            yield Net(([1, 6, 7, 3], X)).case(word, type, [1, 3, 4, 3], X, options)
    for keep, shape in ((True, [2, 1, 1, 3]), (False, [2, 3])):
        net = Net(([2, 6, 7, 3], X))
        net.constant(np.array([1, 2], np.int32))
        yield net.case(f"keep_{keep}", "MEAN", shape, options=("ReducerOptions", {"keep_dims": keep}))
    for beta in (1.0, 0.5):
        options = ("SoftmaxOptions", {"beta": beta})
        yield Net(([2, 30], X)).case(f"beta_{beta}", "SOFTMAX", [2, 30], (1 / 256, -128), options)


def moves() -> Iterator[Case]:
    net = Net(([1, 2, 3, 1], X))
    net.constant(np.array([[0, 0], [1, 0], [0, 2], [0, 0]], np.int32))
    yield net.case("zero_point", "PAD", [1, 3, 5, 1], X)
    options = ("ConcatenationOptions", {"axis": 1})
    yield Net(([2, 3], X), ([2, 4], X)).case("two", "CONCATENATION", [2, 7], X, options)
    net = Net(([2, 3, 4], X))
    net.constant(np.array([2, 0, 1], np.int32))
    yield net.case("three", "TRANSPOSE", [4, 2, 3], X)


@cache
def quantised_cases() -> dict[str, Case]:
    """By name, in order; the numbers are the same in every run, as they are drawn once."""
    return {c.name: c for family in (products, arithmetic, reductions, moves) for c in family()}
