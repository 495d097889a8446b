"""MobileNetV1 1.0, 224 x 224 (Howard et al. 2017): depthwise 3 x 3 and pointwise convolutions in turn."""

from __future__ import annotations

from ._net import SIZE, Net, Tensor

INPUT = (1, 3, SIZE, SIZE)
# output channels and stride of each pair
_PAIRS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]


def features(net: Net, x: Tensor, divisor: int = 1) -> Tensor:
    """All convolutions; ``divisor`` 4 is the network called 0.25."""
    x = net.conv(x, 32 // divisor, 3, 2, "RELU")
    for channels, stride in _PAIRS:
        x = net.conv(net.depthwise(x, 3, stride, "RELU"), channels // divisor, 1, 1, "RELU")
    return x


def build(net: Net, x: Tensor) -> Tensor:
    return net.linear(net.mean(features(net, x)), 1000)
