"""A network under construction: every layer writes its records as MegEngine dumps them, and computes its result.

Weights are normal with deviation 1 / sqrt(numbers summed), then scaled by a power of two such that each layer's
result has a deviation near 1: no output is degenerate, and the files are the same on every machine.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from . import _math

_TESTS = Path(__file__).resolve().parents[2] / "tests"
sys.path[:0] = [str(_TESTS / "frontends"), str(_TESTS / "common")]

from mge_writer import MgeFile, dtype_table

SIZE = 224


@dataclass(frozen=True)
class Tensor:
    """A value of the file: its number, what it holds for the recorded input, and the scale of a quantised one."""

    number: int
    data: np.ndarray
    scale: float = 0.0

    @property
    def channels(self) -> int:
        return int(self.data.shape[1])


@dataclass(frozen=True)
class Steps:
    """How a window moves: one stride, pixels of padding above and below, left and right."""

    stride: int
    pad: tuple[int, int]

    @classmethod
    def half(cls, kernel: int, stride: int) -> Steps:
        return cls(stride, (kernel // 2, kernel // 2))

    @property
    def fields(self) -> dict[str, int]:
        """As in parameter records."""
        pads = dict(zip(("pad_h", "pad_w"), self.pad))
        return {"stride_h": self.stride, "stride_w": self.stride, **pads}


class Net:
    """Float32. Windows of convolutions are padded by half of their size."""

    TOLERANCE: ClassVar[dict[str, float]] = {"max_abs_of_peak": 1e-4}

    def __init__(self, seed: int = 1) -> None:
        self.file = MgeFile()
        self.random = np.random.default_rng(seed)
        self.given = np.empty(0, np.float32)

    def input(self, *shape: int) -> Tensor:
        self.given = self.random.normal(size=shape).astype(np.float32)
        return Tensor(self.file.input("data", *shape), self.given)

    def conv(self, x: Tensor, channels: int, kernel: int, stride: int = 1, act: str = "") -> Tensor:
        """Dense convolution with bias and activation."""
        return self._conv(x, (channels, x.channels, kernel, kernel), Steps.half(kernel, stride), act)

    def conv_over(self, x: Tensor, shape: tuple[int, ...], steps: Steps, act: str = "") -> Tensor:
        """Dense convolution with weights of this shape."""
        return self._conv(x, shape, steps, act)

    def depthwise(self, x: Tensor, kernel: int, stride: int = 1, act: str = "") -> Tensor:
        return self._conv(x, (x.channels, 1, 1, kernel, kernel), Steps.half(kernel, stride), act)

    def linear(self, x: Tensor, features: int) -> Tensor:
        """x (N, C, 1, 1) or (N, C) -> (N, features)."""
        flat = self.reshape(x, 1, -1)
        w, b = self._weights((features, flat.channels), 1), self._bias((1, features))
        product = flat.data @ w.T
        w *= _unit(product)
        number = self.file.record(
            "MatrixMulV2", [flat.number, self.file.constant(w)], transposeB=True, transposeA=False
        )
        number = self.file.record("Elemwise", [number, self.file.constant(b)], mode="ADD")
        return Tensor(number, flat.data @ w.T + b)

    def elemwise(self, mode: str, *inputs: Tensor) -> Tensor:
        """ADD, MUL or an activation."""
        number = self.file.record("Elemwise", [x.number for x in inputs], mode=mode)
        arrays = [x.data for x in inputs]
        data = {"ADD": np.add, "MUL": np.multiply}.get(mode, _math.ACTIVATIONS.get(mode))(*arrays)
        return Tensor(number, data)

    def add_relu(self, x: Tensor, y: Tensor) -> Tensor:
        return self.elemwise("RELU", self.elemwise("ADD", x, y))

    def max_pool(self, x: Tensor, kernel: int, stride: int, pad: int) -> Tensor:
        number = self.file.record(
            "PoolingV1",
            [x.number],
            mode="MAX",
            **Steps(stride, (pad, pad)).fields,
            **_window((kernel, kernel)),
        )
        return Tensor(number, _math.max_pool(x.data, (kernel, kernel), stride, (pad, pad)), x.scale)

    def mean(self, x: Tensor) -> Tensor:
        """The mean of each channel, (N, C, 1, 1)."""
        return Tensor(self._average(x), x.data.mean((2, 3), keepdims=True))

    def softmax(self, x: Tensor) -> Tensor:
        powers = np.exp(x.data - x.data.max(-1, keepdims=True))
        number = self.file.record("Softmax", [x.number], axis=1)
        return Tensor(number, powers / powers.sum(-1, keepdims=True))

    def split(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The two halves of the channels."""
        half = x.channels // 2
        sizes = self.file.constant(np.array([half], np.int32))
        name = f"split{len(self.file.values)}"
        first = self.file.record("Split", [x.number, sizes, sizes], name, outputs=2, axis=1)
        return Tensor(first, x.data[:, :half]), Tensor(first + 1, x.data[:, half:])

    def concat(self, *parts: Tensor) -> Tensor:
        number = self.file.record("Concat", [x.number for x in parts], axis=1)
        return Tensor(number, np.concatenate([x.data for x in parts], 1))

    def shuffle(self, x: Tensor, groups: int) -> Tensor:
        """Channels of several groups, one of each in turn."""
        n, c, h, w = x.data.shape
        parts = self.reshape(x, n, groups, c // groups, h, w)
        order = [0, 2, 1, 3, 4]
        number = self.file.record("Dimshuffle", [parts.number], pattern=order, ndim=5)
        return self.reshape(Tensor(number, parts.data.transpose(order)), n, c, h, w)

    def reshape(self, x: Tensor, *shape: int) -> Tensor:
        data = x.data.reshape(shape)
        if data.shape == x.data.shape:
            return x
        target = self.file.constant(np.array(data.shape, np.int32))
        return Tensor(self.file.record("ReshapeV1", [x.number, target]), data, x.scale)

    def _weights(self, shape: tuple[int, ...], first: int) -> np.ndarray:
        summed = float(np.prod(shape[first:]))
        return (self.random.normal(size=shape) / np.sqrt(summed)).astype(np.float32)

    def _bias(self, shape: tuple[int, ...]) -> np.ndarray:
        return (self.random.normal(size=shape) / 8).astype(np.float32)

    def _conv(self, x: Tensor, shape: tuple[int, ...], steps: Steps, act: str) -> Tensor:
        w, b = self._weights(shape, 1), self._bias((1, shape[0], 1, 1))
        total = _math.convolution(x.data, w, steps.stride, steps.pad)
        factor = _unit(total)
        inputs = [x.number, self.file.constant(w * factor)]
        number = self.file.record("Convolution", inputs, **steps.fields, sparse=_sparse(shape))
        number = self.file.record("Elemwise", [number, self.file.constant(b)], mode="ADD")
        made = Tensor(number, total * factor + b)
        return self.elemwise(act, made) if act else made

    def _average(self, x: Tensor) -> int:
        """The record of the mean over all pixels."""
        height, width = x.data.shape[2:]
        strides = {"stride_h": height, "stride_w": width}
        return self.file.record(
            "PoolingV1", [x.number], mode="AVERAGE", **_window((height, width)), **strides
        )

    def finish(self, result: Tensor) -> tuple[bytes, np.ndarray]:
        """The file, and what its output ``result`` holds."""
        return self.file.bytes(self._named(result, "logits")), result.data

    def _named(self, value: Tensor, name: str) -> int:
        self.file.values[value.number] = (name, self.file.values[value.number][1])
        return value.number


class Quantised(Net):
    """Symmetric int8 per tensor, with the records of MegEngine's quantised modules; ``data`` holds the integers."""

    TOLERANCE: ClassVar[dict[str, float]] = {"max_steps": 1}

    def input(self, *shape: int) -> Tensor:
        made = super().input(*shape)
        return self._to_int8(made.number, made.data, _step(made.data))

    def linear(self, x: Tensor, features: int) -> Tensor:
        flat = self.reshape(x, 1, -1)
        w, step = self._int8_weights((features, flat.channels))
        unit = flat.scale * step
        bias, wide = self._int32_bias((1, features), unit)
        weights = self.file.constant(w, dtype=dtype_table("qint8", step))
        number = self.file.record("MatrixMulV2", [flat.number, weights], transposeB=True, transposeA=False)
        number = self.file.record("Elemwise", [number, self.file.constant(bias, dtype=wide)], mode="ADD")
        total = (flat.data @ w.T.astype(np.float64) + bias) * unit
        return self._to_int8(number, total, _step(total))

    def add_relu(self, x: Tensor, y: Tensor) -> Tensor:
        real = np.maximum(x.data * x.scale + y.data * y.scale, 0)
        out = _step(real)
        number = self.file.record("ElemwiseMultiType", [x.number, y.number], mode="QFUSE_ADD_RELU")
        self.file.records[-1][10] = dtype_table("qint8", out)
        return Tensor(number, _math.rounded(real / out), out)

    def mean(self, x: Tensor) -> Tensor:
        data = x.data.sum((2, 3), keepdims=True) / np.prod(x.data.shape[2:])
        return Tensor(self._average(x), _math.rounded(data), x.scale)

    def _conv(self, x: Tensor, shape: tuple[int, ...], steps: Steps, act: str) -> Tensor:
        w, step = self._int8_weights(shape)
        unit = x.scale * step
        bias, wide = self._int32_bias((1, shape[0], 1, 1), unit)
        total = _math.convolution(x.data, w.astype(np.float64), steps.stride, steps.pad) + bias
        real = _math.ACTIVATIONS[act](total * unit)
        out = _step(real)
        constants = [
            self.file.constant(w, dtype=dtype_table("qint8", step)),
            self.file.constant(bias, dtype=wide),
        ]
        kind: dict[str, Any] = {"nonlineMode": act or "IDENTITY", "sparse": _sparse(shape)}
        number = self.file.record("ConvBiasForward", [x.number, *constants], **kind, **steps.fields)
        self.file.records[-1][10] = dtype_table("qint8", out)
        return Tensor(number, _math.rounded(real / out), out)

    def _int8_weights(self, shape: tuple[int, ...]) -> tuple[np.ndarray, float]:
        w = self._weights(shape, 1)
        step = _step(w)
        return _math.rounded(w / step, -127).astype(np.int8), step

    def _int32_bias(self, shape: tuple[int, ...], unit: float) -> tuple[np.ndarray, Any]:
        return np.rint(self._bias(shape) / unit).astype(np.int32), dtype_table("qint32", unit)

    def _to_int8(self, number: int, real: np.ndarray, step: float) -> Tensor:
        number = self.file.record("TypeCvtV2", [number], name="", dtype="qint8", scale=step)
        return Tensor(number, _math.rounded(real / step), step)

    def finish(self, result: Tensor) -> tuple[bytes, np.ndarray]:
        number = self.file.record("TypeCvtV2", [result.number], dtype="float32")
        return super().finish(Tensor(number, (result.data * result.scale).astype(np.float32)))


def _sparse(shape: tuple[int, ...]) -> str:
    """Weights of groups have an axis for them."""
    return "GROUP" if len(shape) == 5 else "DENSE"


def _window(kernel: tuple[int, int]) -> dict[str, int]:
    return dict(zip(("window_h", "window_w"), kernel))


def _unit(data: np.ndarray) -> np.float32:
    """The power of two that brings the deviation nearest to 1."""
    return np.float32(2.0 ** -np.rint(np.log2(data.std())))


def _step(data: np.ndarray) -> float:
    """A scale for 8 bits, rounded such that the last bits of a sum do not matter."""
    return float(np.float32(np.float16(np.abs(data).max() / 127)))
