"""MLPerf Tiny visual wake words: MobileNetV1 0.25, 96 x 96."""

from __future__ import annotations

from ._net import Net, Tensor
from .mobilenet_v1 import features

INPUT = (1, 3, 96, 96)


def build(net: Net, x: Tensor) -> Tensor:
    return net.softmax(net.linear(net.mean(features(net, x, 4)), 2))
