"""Output-channel remainder of half a vector or less: split K across lane groups, reduce the lane groups at the end.

A vector holds the last channels several times, each time with the weights of other inputs.
"""

from __future__ import annotations

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.conv.geometry import Conv, bias_of


def lane_groups_of(conv: Conv) -> int:
    """How often the last channels fit a vector: 4, 2 or 1. Instruction sets that read so many inputs with one load."""
    c = conv.element.block
    last = conv.oc % c
    if conv.groups > 1 or last == 0 or not conv.element.simd.lane_split:
        return 1
    return next((f for f in (4, 2) if last * f <= c), 1)


def vectors_of(lane_groups: int, blocks: int) -> int:
    """Vectors of a tile that ends with the last of so many blocks of channels: where a vector holds a half, the block
    before is read along in two more, so that inputs are read once for all."""
    return 3 if lane_groups == 2 and blocks > 1 else 1


def split_weights(w: np.ndarray, j: int, lane_groups: int) -> np.ndarray:
    """Weights (channels, input blocks, c inputs of a block, taps), of which j vectors hold the first, as
    [tap][input block][``lane_groups`` inputs][vector][channel][input]."""
    _, blocks, c, taps = w.shape
    parts = w[: j * c // lane_groups].reshape(
        j, c // lane_groups, blocks, c // lane_groups, lane_groups, taps
    )
    return np.ascontiguousarray(parts.transpose(5, 2, 3, 0, 1, 4))


def split_bias(node: Node, first: int, lanes: int, lane_groups: int) -> np.ndarray:
    """Bias of the channels from ``first`` on, each in the first of its lanes."""
    result = np.zeros(lanes, node.output.type.dtype.numpy)
    result[::lane_groups] = bias_of(node, first, lanes // lane_groups)
    return result
