"""MLPerf Tiny image classification: ResNet-8, 32 x 32."""

from __future__ import annotations

from ._net import Net, Tensor
from .resnet18 import residual

INPUT = (1, 3, 32, 32)


def build(net: Net, x: Tensor) -> Tensor:
    x = net.conv(x, 16, 3, 1, "RELU")
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        x = residual(net, x, channels, stride)
    return net.softmax(net.linear(net.mean(x), 10))
