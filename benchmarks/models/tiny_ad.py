"""MLPerf Tiny anomaly detection: an autoencoder of ten fully connected layers."""

from __future__ import annotations

from ._net import Net, Tensor

INPUT = (1, 640)


def build(net: Net, x: Tensor) -> Tensor:
    for features in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        x = net.elemwise("RELU", net.linear(x, features))
    return net.linear(x, 640)
