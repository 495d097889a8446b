"""Depthwise quantised convolutions of 3 x 3 by two results a product (dw_swar.c.j2), for cores without SMLAD."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Candidate
from mgecc.kernels.qconv.depthwise.three_rows import ROWS, Form, is_served
from mgecc.kernels.qconv.geometry import QConv, weights_of
from mgecc.kernels.qconv.packed import SWAR, fits_halves, has_swar
from mgecc.targets import Target


def _half(conv: QConv) -> int:
    """Results that share a multiplication with one of the second half of a row."""
    return (conv.geo.output[3] + 1) // 2


def _columns(conv: QConv) -> int:
    """Columns that the windows of half a row see."""
    return (_half(conv) - 1) * conv.geo.window.stride[1] + 3


def _scratch(conv: QConv) -> int:
    return 4 * (4 * ROWS * _columns(conv) + 2 * _half(conv))


def pack(node: Node, conv: QConv) -> np.ndarray:
    """Weights int8 [channel][nine taps [column][row], whether 16 bits hold their sums, 0, 0]."""
    taps = weights_of(node).reshape(conv.groups, ROWS, 3).transpose(0, 2, 1).reshape(conv.groups, -1)
    full = np.zeros((-(-conv.groups // 4) * 4, 12), np.int8)
    full[: conv.groups, :9] = taps
    full[: conv.groups, 9] = fits_halves(node, taps)
    return full


_FORM = Form(SWAR, "swar", pack, lambda conv: {"half": _half(conv), "columns": _columns(conv)}, _scratch)


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """What ``is_served``; two products by weights of -128 do not fit 16 bits."""
    if not has_swar(target) or not is_served(conv):
        return
    if np.abs(weights_of(node).astype(np.int32)).max(initial=0) <= 127:
        outputs, inputs = 26 * _half(conv) + 9 * conv.geo.output[3] + 40, 25 * _columns(conv)
        yield _FORM.candidate(node, conv, target, outputs, inputs, 1000, "two results a product")
