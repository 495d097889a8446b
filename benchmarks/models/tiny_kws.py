"""MLPerf Tiny keyword spotting: DS-CNN for 12 words, 49 x 10 features."""

from __future__ import annotations

from ._net import Net, Steps, Tensor

INPUT = (1, 1, 49, 10)


def build(net: Net, x: Tensor) -> Tensor:
    x = net.conv_over(x, (64, 1, 10, 4), Steps(2, (5, 1)), "RELU")
    for _ in range(4):
        x = net.conv(net.depthwise(x, 3, 1, "RELU"), 64, 1, 1, "RELU")
    return net.softmax(net.linear(net.mean(x), 12))
