"""ResNet18, 224 x 224 (He et al. 2015)."""

from __future__ import annotations

from ._net import SIZE, Net, Tensor

INPUT = (1, 3, SIZE, SIZE)
_BLOCKS = [(64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)]


def residual(net: Net, x: Tensor, channels: int, stride: int) -> Tensor:
    """Two 3 x 3 convolutions and what goes past them."""
    y = net.conv(net.conv(x, channels, 3, stride, "RELU"), channels, 3)
    short = x if channels == x.channels else net.conv(x, channels, 1, stride)
    return net.add_relu(y, short)


def build(net: Net, x: Tensor) -> Tensor:
    x = net.max_pool(net.conv(x, 64, 7, 2, "RELU"), 3, 2, 1)
    for channels, stride in _BLOCKS:
        x = residual(net, x, channels, stride)
    return net.linear(net.mean(x), 1000)
