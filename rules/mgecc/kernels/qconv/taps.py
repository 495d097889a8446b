"""Depthwise quantised convolutions by 16-bit sums of a row's taps (taps.c.j2), on Arm without dot products."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.graph.sizes import largest, most, smallest
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, Param, Workspace
from mgecc.kernels.qconv.chains import split
from mgecc.kernels.qconv.geometry import QConv, bias_of, flip_of, is_positive, parts, signed_zero, weights_of
from mgecc.kernels.requant import ending, ending_suffix, has_dot, numbers
from mgecc.targets import Target

_FIELDS = ("planes", "blocks", "h", "w", "oh", "ow", "pt", "pl", "row_bytes")
_PIXELS = {"neon64": (16, 8, 4), "neon32": (8, 4)}
_CHAIN = 3
_LARGEST = 7
_SLACK = 64  # bytes that loads of whole vectors and stores of rows may touch behind a row


def _width(conv: QConv, target: Target) -> int:
    ow = conv.geo.output[3]
    fitting = (p for p in _PIXELS[target.isa] if p <= smallest(ow))
    return min(fitting, key=lambda p: -(-largest(ow) // p) * (p + 3))


def kernel(node: Node, conv: QConv, target: Target) -> Kernel:
    window, p = conv.geo.window, _width(conv, target)
    end, flip = ending(node, target, conv.z), flip_of(node.inputs[0])
    (kh, kw), (sh, sw) = window.kernel, window.stride
    params: dict[str, Param] = {
        "chain": _CHAIN, "flip": flip, "kh": kh, "kw": kw, "p": p, "sh": sh, "sw": sw, **end,
    }  # fmt: skip
    operands = [
        *(("x", "const int8_t *"), ("w", "const int8_t *"), ("b", "const int32_t *"), ("q", "const float *")),
        ("e", "const int32_t *"),
        *[("z", "const int8_t *")] * (conv.z is not None),
        *(("y", "int8_t *"), ("ring", "int8_t *")),
    ]
    stride = f"s{sw}" if sh == sw else f"s{sh}x{sw}"
    return Kernel(
        f"qconv_{'u8' if flip else 's8'}_depthwise_k{kh}x{kw}{stride}_c4_p{p}{ending_suffix(end)}",
        "qconv/taps.c.j2",
        tuple(operands),
        tuple((name, "int32_t") for name in _FIELDS),
        tuple(sorted(params.items())),
        ("int8_chains", "requant"),
    )


def _sets(block: np.ndarray, positive: bool) -> list[np.ndarray]:
    """Weights (4, kh, kw) as a sum of sets of which no row of taps overflows."""
    sets = [np.zeros_like(block)]
    for row in range(block.shape[1]):
        for first in range(0, block.shape[2], _CHAIN):
            parts = split(block[:, row, first : first + _CHAIN, None], positive)
            sets += [np.zeros_like(block) for _ in parts[len(sets) :]]
            for one, part in zip(sets, parts):
                one[:, row, first : first + _CHAIN] = part[..., 0]
    return sets


def pack(node: Node, conv: QConv, positive: bool) -> tuple[np.ndarray, np.ndarray]:
    """Weights [set][row][tap][channel, four times], and for every block how many sets come before it."""
    kh, kw = conv.geo.window.kernel
    blocks = -(-conv.groups // 4)
    full = np.zeros((blocks * 4, kh, kw), np.int32)
    full[: conv.groups] = weights_of(node).reshape(conv.groups, kh, kw)
    sets = [_sets(block, positive) for block in full.reshape(blocks, 4, kh, kw)]
    array = np.array([one for each in sets for one in each], np.int8).transpose(0, 2, 3, 1)
    before = np.cumsum([0, *map(len, sets)]).astype(np.int32)
    return np.ascontiguousarray(np.tile(array, (1, 1, 1, 4))), before


def _row_bytes(conv: QConv) -> int:
    window, ow = conv.geo.window, conv.geo.output[3]
    wide = most((ow - 1) * window.stride[1] + window.kernel[1], window.pad[1][0] + conv.geo.x[3])
    return -(-wide * 4 // 16) * 16 + 16


def _build(conv: QConv, target: Target, positive: bool, node: Node) -> list[Call]:
    x = node.inputs[0]
    n, ic, h, w = conv.geo.x
    blocks, ((pt, _), (pl, _)) = -(-ic // 4), conv.geo.window.pad
    operands: list[Operand] = [
        x,
        Const(lambda: pack(node, conv, positive)[0]),
        Const(partial(bias_of, node, 0, blocks * 4)),
        Const(partial(numbers, node, conv.z, signed_zero(x))),
        Const(lambda: pack(node, conv, positive)[1]),
        *([node.inputs[3]] if conv.z is not None else []),
        node.output,
        Workspace(_row_bytes(conv) * conv.geo.window.kernel[0] + _SLACK),
    ]
    sizes = (n * blocks, blocks, h, w, *conv.geo.output[2:], pt, pl, _row_bytes(conv))
    apart = parts(conv, "planes", 4, {"x": h * w * 4, "e": 4})
    return [Call(kernel(node, conv, target), tuple(operands), sizes, split=apart)]


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """Windows without gaps, rows of at least four pixels, one channel multiplier."""
    window, (_, _, oh, ow) = conv.geo.window, conv.geo.output
    small = max(window.kernel) <= _LARGEST and window.stride[1] <= 2 and window.dilate == (1, 1)
    if target.isa not in _PIXELS or has_dot(target) or not small or smallest(ow) < 4:
        return
    p, (kh, kw), (n, ic, h, w) = _width(conv, target), window.kernel, conv.geo.x
    vectors, planes = p // 4, n * -(-ic // 4)
    tile = kh * (3 * kw + 4 * -(-kw // _CHAIN)) * vectors + 5 * p + kh * kw + 15
    yield Candidate(
        partial(_build, conv, target, is_positive(node.inputs[0])),
        planes * (oh * -(-ow // p) * tile + h * (w / 2 + 40)),
        tuple(1 if v.is_const else 4 for v in node.inputs),
        (4,),
        int(500 + 4.5 * tile),
        why=f"depthwise rows, {p} pixels x 4 channels, {_CHAIN} products in 16 bits",
    )
