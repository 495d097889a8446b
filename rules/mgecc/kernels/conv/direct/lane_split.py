"""Convolutions whose last channels fill half a vector or less: a vector holds them several times, each for inputs of
its own, and what they add up to is folded together at the end."""

from __future__ import annotations

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.conv.geometry import Conv, bias_of


def fold_of(conv: Conv) -> int:
    """How often the last channels fit a vector: 4, 2 or 1. Instruction sets that read so many inputs with one load."""
    c = conv.element.block
    last = conv.oc % c
    if conv.groups > 1 or last == 0 or not conv.element.simd.lane_split:
        return 1
    return next((f for f in (4, 2) if last * f <= c), 1)


def vectors_of(fold: int, blocks: int) -> int:
    """Vectors of a tile that ends with the last of so many blocks of channels: where a vector holds a half, the block
    before is read along in two more, so that inputs are read once for all."""
    return 3 if fold == 2 and blocks > 1 else 1


def folded(w: np.ndarray, j: int, fold: int) -> np.ndarray:
    """Weights (channels, input blocks, c inputs of a block, taps), of which j vectors hold the first, as
    [tap][input block][``fold`` inputs][vector][channel][input]."""
    _, blocks, c, taps = w.shape
    parts = w[: j * c // fold].reshape(j, c // fold, blocks, c // fold, fold, taps)
    return np.ascontiguousarray(parts.transpose(5, 2, 3, 0, 1, 4))


def folded_bias(node: Node, first: int, lanes: int, fold: int) -> np.ndarray:
    """Bias of the channels from ``first`` on, each in the first of its lanes."""
    result = np.zeros(lanes, node.output.type.dtype.numpy)
    result[::fold] = bias_of(node, first, lanes // fold)
    return result
