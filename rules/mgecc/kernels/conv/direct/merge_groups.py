"""Block-diagonal merging of groups whose channels do not fill a block.

Several groups become one, with zero weights between them. Vectors multiply the zeros faster than scalar code does
without them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.conv.geometry import Conv, weights_of
from mgecc.ops.convolution import ConvolutionAttrs


def merged(conv: Conv) -> Conv:
    """The convolution with groups of whole blocks: as it is, or so few groups as one as are needed, or all of them."""
    c, groups = conv.element.block, conv.groups
    sizes = (conv.oc // groups, conv.ic // groups)
    fitting = (m for m in range(1, groups) if groups % m == 0 and not any(m * size % c for size in sizes))
    return replace(conv, groups=groups // next(fitting, groups))


def merged_weights(node: Node, groups: int) -> np.ndarray:
    """Weights (groups, oc / groups, ic / groups, kh, kw) for so many groups, a divisor of the operator's own number."""
    w = weights_of(node)
    many = w.shape[0] // groups
    if many == 1:
        return w
    opg, ipg = w.shape[1:3]
    result = np.zeros((groups, many, opg, many, ipg, *w.shape[3:]), w.dtype)
    for i in range(many):
        result[:, i, :, i] = w[i::many]
    return result.reshape(groups, many * opg, many * ipg, *w.shape[3:])


def added_bytes(node: Node, conv: Conv) -> int:
    """Bytes of the zeros."""
    many = node.attributes(ConvolutionAttrs).groups // conv.groups
    return (many - 1) * node.inputs[1].type.elements * conv.weights.size
