"""Depthwise quantised convolutions of 3 x 3 by two results a product (dw_twins.c.j2), for cores without SMLAD."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Const, Kernel
from mgecc.kernels.qconv.geometry import QConv, bias_of, weights_of
from mgecc.kernels.qconv.packed import TWINS, fits_halves, has_twins
from mgecc.targets import Target

_FIELDS = ("n", "blocks", "h", "w", "oh", "ow", "pt", "pl", "sh", "half", "columns")
_ROWS = 3


def _half(conv: QConv) -> int:
    """Results that share a multiplication with one of the second half of a row."""
    return (conv.geo.output[3] + 1) // 2


def _columns(conv: QConv) -> int:
    """Columns that the windows of half a row see."""
    return (_half(conv) - 1) * conv.geo.window.stride[1] + 3


def _scratch(conv: QConv) -> int:
    """Bytes of three rows and of a row of sums."""
    return 4 * (4 * _ROWS * _columns(conv) + 2 * _half(conv))


def kernel(node: Node, conv: QConv, target: Target) -> Kernel:
    stride = conv.geo.window.stride[1]
    template, form = "depthwise/dw_twins.c.j2", f"depthwise_twins_k3x3s{stride}_c4"
    return TWINS.kernel(node, conv, target, template, form, {"sw": stride}, _FIELDS, [("ring", "int32_t *")])


def pack(node: Node, conv: QConv) -> np.ndarray:
    """Weights int8 [channel][nine taps [column][row], whether 16 bits hold their sums, 0, 0]."""
    taps = weights_of(node).reshape(conv.groups, _ROWS, 3).transpose(0, 2, 1).reshape(conv.groups, -1)
    full = np.zeros((-(-conv.groups // 4) * 4, 12), np.int8)
    full[: conv.groups, :9] = taps
    full[: conv.groups, 9] = fits_halves(node, taps)
    return full


def _build(conv: QConv, target: Target, node: Node) -> list[Call]:
    n, ic, h, w = conv.geo.x
    blocks, ((pt, _), (pl, _)) = -(-ic // 4), conv.geo.window.pad
    weights, bias = Const(partial(pack, node, conv)), Const(partial(bias_of, node, 0, blocks * 4))
    operands = TWINS.operands(node, conv, weights, bias, _scratch(conv))
    places = (pt, pl, conv.geo.window.stride[0], _half(conv), _columns(conv))
    return [Call(kernel(node, conv, target), operands, (n, blocks, h, w, *conv.geo.output[2:], *places))]


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """Windows of 3 x 3 without gaps, at most every second pixel of a row."""
    window = conv.geo.window
    if not has_twins(target) or np.abs(weights_of(node).astype(np.int32)).max(initial=0) > 127:
        return
    if window.kernel != (3, 3) or window.dilate != (1, 1) or window.stride[1] > 2 or window.stride[0] > _ROWS:
        return
    n, ic, _, _ = conv.geo.x
    oh, ow = conv.geo.output[2:]
    rows = oh * (4 * (26 * _half(conv) + 9 * ow + 40) + window.stride[0] * 25 * _columns(conv))
    yield Candidate(
        partial(_build, conv, target),
        n * -(-ic // 4) * rows,
        tuple(1 if v.is_const else 4 for v in node.inputs),
        (4,),
        1000,
        why="depthwise rows, two results a product",
        scratch=_scratch(conv),
    )
