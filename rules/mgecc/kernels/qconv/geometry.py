"""Geometry of a quantised convolution node, and its weights and bias as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgecc.graph import Node, Value
from mgecc.graph.symbolic import equal
from mgecc.kernels.base import Partition
from mgecc.kernels.requant import BYTES, activation, is_unit_bias
from mgecc.ops.activation import of_node
from mgecc.ops.convolution import Geometry, geometry, is_convolution


@dataclass(frozen=True)
class QConv:
    """Plain sizes of one convolution; ``z``: the tensor added before the activation."""

    geo: Geometry
    z: Value | None

    @property
    def groups(self) -> int:
        return self.geo.weights[0]

    @property
    def channels(self) -> tuple[int, int]:
        """Input and output channels of one group."""
        return self.geo.weights[2], self.geo.weights[1]

    @property
    def taps(self) -> int:
        kh, kw = self.geo.window.kernel
        return kh * kw

    @property
    def pixels(self) -> int:
        return self.geo.output[2] * self.geo.output[3]

    @property
    def is_pointwise(self) -> bool:
        """One tap on every pixel: a matrix product over flat pixels."""
        window = self.geo.window
        return self.taps == 1 and window.stride == (1, 1) and not any(map(any, window.pad))

    @property
    def is_depthwise(self) -> bool:
        return self.channels == (1, 1) and self.groups > 1

    @property
    def macs(self) -> int:
        return int(np.prod(self.geo.output)) * self.taps * self.channels[0]


def partition_of(
    conv: QConv, units: str, channels: int, strides: dict[str, int], **starts: int
) -> Partition | None:
    """Parts of one image by units of so many ``channels`` of the result; ``strides``: bytes of a unit's weights."""
    n, _, oh, ow = conv.geo.output
    if not equal(n, 1):
        return None
    image = oh * ow * channels
    return Partition(
        units, {"b": 4 * channels, "factors": 8 * channels, "y": image, "z": image, **strides}, starts
    )


def qconv_of(node: Node) -> QConv | None:
    """Sizes of a convolution of quantised bytes to quantised bytes; None for all other forms."""
    x, w = node.inputs[:2]
    types = (x.type.dtype.name, node.output.type.dtype.name)
    if any(name not in BYTES for name in types) or not w.is_const:
        return None
    if not _weights_fit(w) or not _bias_fits(node):
        return None
    activation(node)
    z = node.inputs[3] if len(node.inputs) > 3 and node.inputs[3].type.elements else None
    if z is not None and (z.is_const or z.shape != node.output.shape or z.type.dtype.name not in BYTES):
        return None
    return QConv(geometry(node).in_rows, z)


def _weights_fit(w: Value) -> bool:
    """Weights from their zero point fit a signed byte."""
    return (w.type.dtype.name, w.type.dtype.zero_point) in (("qint8", 0), ("quint8", 128))


def _bias_fits(node: Node) -> bool:
    if len(node.inputs) < 3 or not node.inputs[2].type.elements:
        return True
    bias = node.inputs[2]
    per_channel = bias.type.elements == node.output.shape[1] == bias.shape[1]
    return per_channel and is_unit_bias(node, bias)


def weights_of(node: Node) -> np.ndarray:
    """Signed weights (groups, oc / groups, ic / groups, kh * kw)."""
    value = node.inputs[1]
    assert value.const is not None
    signed = (value.const.astype(np.int32) - value.type.dtype.zero_point).astype(np.int8)
    return signed.reshape(*geometry(node).weights[:3], -1)


def signed_zero(x: Value) -> int:
    """Zero point of the data once kernels have made signed bytes of it."""
    return x.type.dtype.zero_point - flip_of(x)


def flip_of(x: Value) -> int:
    """Bits to turn to make signed bytes of the data."""
    return 128 if x.type.dtype.name == "quint8" else 0


def is_positive(x: Value) -> bool:
    """Whether the stored numbers are 0 or more: the results of a rectified convolution."""
    made = x.producer
    if made is None or not is_convolution(made) or x.type.dtype.zero_point:
        return False
    return bool(of_node(made.attrs)[0] == "relu")


def bias_of(node: Node, first: int, count: int, input_offset: int = 0) -> np.ndarray:
    """Initial accumulators of ``count`` channels from ``first`` on, zeros past the last channel.

    bias - sum(w) * (input zero point + input offset): the accumulator of an input of zeros.
    """
    w = weights_of(node)
    extra = signed_zero(node.inputs[0]) + input_offset
    full = -extra * w.sum(axis=(2, 3), dtype=np.int64).reshape(-1)
    if len(node.inputs) > 2 and node.inputs[2].const is not None and node.inputs[2].const.size:
        bias = node.inputs[2]
        assert bias.const is not None
        full = full + (bias.const.reshape(-1).astype(np.int64) - bias.type.dtype.zero_point)
    result = np.zeros(count, np.int32)
    part = full[first : first + count]
    result[: part.size] = part.astype(np.int32)
    return result
