"""Depthwise quantised convolutions of 3 x 3 by two taps a product (dw_pairs.c.j2), for cores with SMLAD."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Const, Kernel
from mgecc.kernels.qconv.geometry import QConv, bias_of, weights_of
from mgecc.kernels.qconv.packed import SMLAD, has_smlad
from mgecc.targets import Target

_FIELDS = ("n", "blocks", "h", "w", "oh", "ow", "pt", "pl", "sh", "words")
_ROWS = 3


def _words(conv: QConv) -> int:
    """Pairs of columns that the windows of a row of results see."""
    ow, stride = conv.geo.output[3], conv.geo.window.stride[1]
    return ((ow + 1) // 2) * stride + 1


def _scratch(conv: QConv) -> int:
    """Bytes of the ring and of a row of sums."""
    return 4 * (4 * _ROWS * _words(conv) + (conv.geo.output[3] + 1) // 2 * 2)


def kernel(node: Node, conv: QConv, target: Target) -> Kernel:
    stride = conv.geo.window.stride[1]
    template, form = "depthwise/dw_pairs.c.j2", f"depthwise_pairs_k3x3s{stride}_c4"
    return SMLAD.kernel(node, conv, target, template, form, {"sw": stride}, _FIELDS, [("ring", "int32_t *")])


def pack(node: Node, conv: QConv) -> np.ndarray:
    """Weights int8 [channel][row][taps 0, 1, 1, 2]."""
    full = np.zeros((-(-conv.groups // 4) * 4, _ROWS, 3), np.int8)
    full[: conv.groups] = weights_of(node).reshape(conv.groups, _ROWS, 3)
    return np.ascontiguousarray(full[..., [0, 1, 1, 2]])


def _build(conv: QConv, target: Target, node: Node) -> list[Call]:
    n, ic, h, w = conv.geo.x
    blocks, ((pt, _), (pl, _)) = -(-ic // 4), conv.geo.window.pad
    weights, bias = Const(partial(pack, node, conv)), Const(partial(bias_of, node, 0, blocks * 4))
    operands = SMLAD.operands(node, conv, weights, bias, _scratch(conv))
    sizes = (n, blocks, h, w, *conv.geo.output[2:], pt, pl, conv.geo.window.stride[0], _words(conv))
    return [Call(kernel(node, conv, target), operands, sizes)]


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """Windows of 3 x 3 without gaps, at most every second pixel of a row."""
    window = conv.geo.window
    if not has_smlad(target):
        return
    if window.kernel != (3, 3) or window.dilate != (1, 1) or window.stride[1] > 2 or window.stride[0] > _ROWS:
        return
    n, ic, _, _ = conv.geo.x
    oh, ow = conv.geo.output[2:]
    rows = oh * (4 * (18 * ow + 45) + window.stride[0] * (22 * _words(conv) + 20))
    yield Candidate(
        partial(_build, conv, target),
        n * -(-ic // 4) * rows,
        tuple(1 if v.is_const else 4 for v in node.inputs),
        (4,),
        900,
        why="depthwise rows, two taps a product",
        scratch=_scratch(conv),
    )
