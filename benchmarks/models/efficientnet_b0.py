"""EfficientNet-B0, 224 x 224 (Tan and Le 2019): inverted residuals with squeeze and excitation, SiLU."""

from __future__ import annotations

from ._net import SIZE, Net, Tensor

INPUT = (1, 3, SIZE, SIZE)
# expansion, channels, blocks, first stride, window
_STAGES = [(1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5), (6, 192, 4, 2, 5),
           (6, 320, 1, 1, 3)]  # fmt: skip


def _excited(net: Net, x: Tensor, channels: int) -> Tensor:
    squeezed = net.conv(net.mean(x), channels, 1, 1, "SILU")
    return net.elemwise("MUL", x, net.conv(squeezed, x.channels, 1, 1, "SIGMOID"))


def _block(net: Net, x: Tensor, stage: tuple[int, int, int, int, int], stride: int) -> Tensor:
    expansion, channels, _, _, window = stage
    y = net.conv(x, x.channels * expansion, 1, 1, "SILU") if expansion > 1 else x
    y = _excited(net, net.depthwise(y, window, stride, "SILU"), max(1, x.channels // 4))
    y = net.conv(y, channels, 1)
    return net.elemwise("ADD", x, y) if stride == 1 and channels == x.channels else y


def build(net: Net, x: Tensor) -> Tensor:
    x = net.conv(x, 32, 3, 2, "SILU")
    for stage in _STAGES:
        for block in range(stage[2]):
            x = _block(net, x, stage, 1 if block else stage[3])
    return net.linear(net.mean(net.conv(x, 1280, 1, 1, "SILU")), 1000)
