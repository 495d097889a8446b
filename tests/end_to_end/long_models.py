"""Models of any number of nodes, in shapes that networks have: what takes time for each pair of nodes shows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from mge_files import MgeFile

_PADDED = {"pad_h": 1, "pad_w": 1, "stride_h": 1, "stride_w": 1, "dilate_h": 1, "dilate_w": 1}
_FLAT = _PADDED | {"pad_h": 0, "pad_w": 0}


def _chain(model: MgeFile, x: int, nodes: int) -> int:
    for k in range(nodes):
        x = model.record("Elemwise", [x], f"c{k}", mode=("SIN", "TANH", "SIGMOID")[k % 3])
    return x


def _convolutions(model: MgeFile, x: int, nodes: int) -> int:
    weights = np.linspace(-1, 1, 4 * 4 * 9, dtype="f4").reshape(4, 4, 3, 3)
    for k in range(nodes):
        w = model.constant(weights * np.float32(1 + k), f"w{k}")
        x = model.record("ConvolutionV2", [x, w], f"conv{k}", **_PADDED)
    return x


def _diamonds(model: MgeFile, x: int, nodes: int) -> int:
    """Two branches that meet in a product, one diamond after the other."""
    weights = model.constant(np.linspace(-1, 1, 16, dtype="f4").reshape(4, 4, 1, 1), "w")
    for k in range(nodes // 3):
        a = model.record("ConvolutionV2", [x, weights], f"a{k}", **_FLAT)
        b = model.record("Elemwise", [x], f"b{k}", mode="TANH")
        x = model.record("Elemwise", [a, b], f"x{k}", mode="MUL")
    return x


def _skips(model: MgeFile, x: int, nodes: int) -> int:
    """As in networks that go down and up again: what the first half computes is read by the second, last first."""
    kept = []
    weights = model.constant(np.linspace(-1, 1, 16, dtype="f4").reshape(4, 4, 1, 1), "w")
    for k in range(nodes // 3):
        x = model.record("ConvolutionV2", [x, weights], f"down{k}", **_FLAT)
        kept.append(x)
    for k, other in enumerate(reversed(kept)):
        x = model.record("Elemwise", [x, other], f"up{k}", mode="ADD")
        x = model.record("ConvolutionV2", [x, weights], f"conv{k}", **_FLAT)
    return x


SHAPES: dict[str, Callable[[MgeFile, int, int], int]] = {
    "chain": _chain, "convolutions": _convolutions, "diamonds": _diamonds, "skips": _skips,
}  # fmt: skip


def long_model(shape: str, nodes: int) -> bytes:
    """The file of a model with one input x (1, 4, 6, 6) and about ``nodes`` nodes."""
    model = MgeFile()
    return model.bytes(SHAPES[shape](model, model.input("x", 1, 4, 6, 6), nodes))
