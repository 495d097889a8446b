"""ShuffleNetV2 1.0, 224 x 224 (Ma et al. 2018)."""

from __future__ import annotations

from ._net import SIZE, Net, Tensor

INPUT = (1, 3, SIZE, SIZE)
_STAGES = [(116, 4), (232, 8), (464, 4)]  # channels, units


def _branch(net: Net, x: Tensor, channels: int, stride: int) -> Tensor:
    x = net.conv(x, channels, 1, 1, "RELU")
    return net.conv(net.depthwise(x, 3, stride), channels, 1, 1, "RELU")


def _unit(net: Net, x: Tensor, channels: int, stride: int) -> Tensor:
    if stride == 1:
        kept, changed = net.split(x)
    else:
        kept, changed = net.conv(net.depthwise(x, 3, 2), channels // 2, 1, 1, "RELU"), x
    return net.shuffle(net.concat(kept, _branch(net, changed, channels // 2, stride)), 2)


def build(net: Net, x: Tensor) -> Tensor:
    x = net.max_pool(net.conv(x, 24, 3, 2, "RELU"), 3, 2, 1)
    for channels, units in _STAGES:
        for unit in range(units):
            x = _unit(net, x, channels, 1 if unit else 2)
    return net.linear(net.mean(net.conv(x, 1024, 1, 1, "RELU")), 1000)
