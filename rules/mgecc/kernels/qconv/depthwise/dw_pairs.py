"""Depthwise quantised convolutions of 3 x 3 by two taps a product (dw_pairs.c.j2), for cores with SMLAD."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, Param, Workspace
from mgecc.kernels.qconv.geometry import QConv, bias_of, flip_of, signed_zero, weights_of
from mgecc.kernels.requant import (
    epilogue_params,
    epilogue_suffix,
    numbers,
    rescale_operand,
    with_known_factor,
)
from mgecc.kernels.rescale import factor_constants
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
    epilogue = with_known_factor(node, conv.z, epilogue_params(node, target, conv.z))
    params: dict[str, Param] = {"flip": flip_of(node.inputs[0]), "sw": stride, **epilogue}
    operands = [
        ("x", "const int8_t *"),
        ("w", "const int32_t *"),
        ("b", "const int32_t *"),
        ("q", "const float *"),
        *rescale_operand(epilogue),
        *([("z", "const int8_t *")] * (conv.z is not None)),
        ("y", "int8_t *"),
        ("ring", "int32_t *"),
    ]
    kind = "u8" if params["flip"] else "s8"
    return Kernel(
        f"qconv_{kind}_depthwise_pairs_k3x3s{stride}_c4{epilogue_suffix(epilogue)}",
        "qconv/depthwise/dw_pairs.c.j2",
        tuple(operands),
        tuple((name, "int32_t") for name in _FIELDS),
        tuple(sorted(params.items())),
        ("int8_pairs", "rescale" if epilogue["rescale"] else "requant"),
    )


def pack(node: Node, conv: QConv) -> np.ndarray:
    """Weights int8 [channel][row][taps 0, 1, 1, 2]."""
    full = np.zeros((-(-conv.groups // 4) * 4, _ROWS, 3), np.int8)
    full[: conv.groups] = weights_of(node).reshape(conv.groups, _ROWS, 3)
    return np.ascontiguousarray(full[..., [0, 1, 1, 2]])


def _build(conv: QConv, target: Target, node: Node) -> list[Call]:
    x, words = node.inputs[0], _words(conv)
    n, ic, h, w = conv.geo.x
    blocks, ((pt, _), (pl, _)) = -(-ic // 4), conv.geo.window.pad
    operands: list[Operand] = [
        x,
        Const(partial(pack, node, conv)),
        Const(partial(bias_of, node, 0, blocks * 4)),
        Const(partial(numbers, node, conv.z, signed_zero(x))),
        *factor_constants(node, conv.geo.output[1], blocks * 4, 1),
        *([node.inputs[3]] if conv.z is not None else []),
        node.output,
        Workspace(_scratch(conv)),
    ]
    sizes = (n, blocks, h, w, *conv.geo.output[2:], pt, pl, conv.geo.window.stride[0], words)
    return [Call(kernel(node, conv, target), tuple(operands), sizes)]


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """Windows of 3 x 3 without gaps, at most every second pixel of a row."""
    window = conv.geo.window
    if not target.facts.int8.dual_madd or target.block_of("qint8") != 4:
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
