"""Depthwise quantised convolutions of 3 x 3 by two taps a product (dw_pairs.c.j2), for cores with SMLAD."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Candidate
from mgecc.kernels.qconv.depthwise.three_rows import ROWS, Form, is_served
from mgecc.kernels.qconv.geometry import QConv, weights_of
from mgecc.kernels.qconv.packed import SMLAD, has_smlad
from mgecc.targets import Target


def _words(conv: QConv) -> int:
    """Pairs of columns that the windows of a row of results see."""
    ow, stride = conv.geo.output[3], conv.geo.window.stride[1]
    return ((ow + 1) // 2) * stride + 1


def _scratch(conv: QConv) -> int:
    return 4 * (4 * ROWS * _words(conv) + (conv.geo.output[3] + 1) // 2 * 2)


def pack(node: Node, conv: QConv) -> np.ndarray:
    """Weights int8 [channel][row][taps 0, 1, 1, 2]."""
    full = np.zeros((-(-conv.groups // 4) * 4, ROWS, 3), np.int8)
    full[: conv.groups] = weights_of(node).reshape(conv.groups, ROWS, 3)
    return np.ascontiguousarray(full[..., [0, 1, 1, 2]])


_FORM = Form(SMLAD, "pairs", pack, lambda conv: {"words": _words(conv)}, _scratch)


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """What ``is_served``."""
    if has_smlad(target) and is_served(conv):
        outputs, inputs = 18 * conv.geo.output[3] + 45, 22 * _words(conv) + 20
        yield _FORM.candidate(node, conv, target, outputs, inputs, 900, "two taps a product")
