"""Depthwise quantised convolutions by sums of sixteen products (dw_steps.c.j2), for machines with VMLADAV."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.graph.symbolic import sym_max
from mgecc.kernels.base import Call, Candidate, Const, Kernel
from mgecc.kernels.qconv.geometry import QConv, bias_of, weights_of
from mgecc.kernels.qconv.packed import VMLADAV, has_vmladav
from mgecc.targets import Target

_FIELDS = ("n", "blocks", "h", "w", "oh", "ow", "pt", "pl", "kh", "sh", "columns")
_SIDE = 4  # taps of a row or column, filled up


def _columns(conv: QConv) -> int:
    window, ow = conv.geo.window, conv.geo.output[3]
    return sym_max((ow - 1) * window.stride[1] + _SIDE, window.pad[1][0] + conv.geo.x[3])


def _scratch(conv: QConv) -> int:
    """Bytes of the ring."""
    return 4 * _SIDE * _columns(conv)


def kernel(node: Node, conv: QConv, target: Target) -> Kernel:
    stride = conv.geo.window.stride[1]
    template, form = "depthwise/dw_steps.c.j2", f"depthwise_steps_s{stride}_c4"
    return VMLADAV.kernel(node, conv, target, template, form, {"sw": stride}, _FIELDS, [("ring", "int8_t *")])


def pack(node: Node, conv: QConv) -> np.ndarray:
    """Weights int8 [channel][column][row]."""
    kh, kw = conv.geo.window.kernel
    full = np.zeros((-(-conv.groups // 4) * 4, _SIDE, _SIDE), np.int8)
    full[: conv.groups, :kw, :kh] = weights_of(node).reshape(conv.groups, kh, kw).swapaxes(1, 2)
    return full


def _build(conv: QConv, target: Target, node: Node) -> list[Call]:
    n, ic, h, w = conv.geo.x
    blocks, window = -(-ic // 4), conv.geo.window
    weights, bias = Const(partial(pack, node, conv)), Const(partial(bias_of, node, 0, blocks * 4))
    operands = VMLADAV.operands(node, conv, weights, bias, _scratch(conv))
    (pt, _), (pl, _) = window.pad
    rows = (pt, pl, window.kernel[0], window.stride[0], _columns(conv))
    return [Call(kernel(node, conv, target), operands, (n, blocks, h, w, *conv.geo.output[2:], *rows))]


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """Windows of at most 4 x 4 without gaps."""
    window = conv.geo.window
    if not has_vmladav(target) or max(window.kernel) > _SIDE or window.dilate != (1, 1):
        return
    n, ic, _, w = conv.geo.x
    oh, ow = conv.geo.output[2:]
    rows = oh * (18 * ow + 40 + min(window.stride[0], 4) * (0.8 * w + 25))
    yield Candidate(
        partial(_build, conv, target),
        n * -(-ic // 4) * rows,
        tuple(1 if v.is_const else 4 for v in node.inputs),
        (4,),
        600,
        why="depthwise rows, sixteen products a channel",
        scratch=_scratch(conv),
    )
