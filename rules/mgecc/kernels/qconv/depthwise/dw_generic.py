"""Quantised depthwise convolution by widening multiply-adds, channel blocks by rows (dw_generic.c.j2)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.graph.symbolic import at_max_sizes, lower_bound
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, Param, Workspace
from mgecc.kernels.qconv.geometry import QConv, bias_of, flip_of, partition_of, signed_zero, weights_of
from mgecc.kernels.qconv.row_ring import ROW_FIELDS, Rows, rows_of
from mgecc.kernels.requant import epilogue_params, epilogue_suffix, numbers, rescale_operand
from mgecc.kernels.rescale import factor_constants
from mgecc.targets import Target

_FIELDS = ("n", "h", "w", "oh", "ow", "blocks")
_WIDEST = 40  # pixels of a row that one tile may hold in registers or reload


def _twice(target: Target) -> int:
    """How often weights are stored one behind the other, see mg_vd."""
    return target.facts.int8.repeat_weights


def _pixels(target: Target, ow: int) -> int:
    most = target.facts.int8.row_pixels
    least = lower_bound(ow)
    if least < 4:
        return least
    return min(
        (p for p in range(most, 3, -4) if p <= least), key=lambda p: -(-at_max_sizes(ow) // p) * (p + 2)
    )


def _span(conv: QConv, p: int) -> int:
    window = conv.geo.window
    return (p - 1) * window.stride[1] + window.extent[1]


def _is_looped(conv: QConv, p: int) -> bool:
    """Whether a loop reads the pixels of each tap, as those of a row of taps are too many to be held."""
    return _span(conv, p) > _WIDEST


def kernel(node: Node, conv: QConv, target: Target) -> Kernel:
    window, c = conv.geo.window, target.block_of("qint8")
    p, epilogue, flip = (
        _pixels(target, conv.geo.output[3]),
        epilogue_params(node, target, conv.z),
        flip_of(node.inputs[0]),
    )
    params: dict[str, Param] = {
        "c": c, "dw": window.dilate[1], "flip": flip, "kw": window.kernel[1], "lanes": target.lanes,
        "looped": _is_looped(conv, p), "p": p,
        "span": _span(conv, p), "sw": window.stride[1], "twice": _twice(target), **epilogue,
    }  # fmt: skip
    operands = [
        ("x", "const int8_t *"),
        ("w", "const int16_t *"),
        ("b", "const int32_t *"),
        ("q", "const float *"),
        *rescale_operand(epilogue),
    ]
    operands += [("z", "const int8_t *")] * (conv.z is not None) + [("y", "int8_t *"), ("ring", "int8_t *")]
    shape = f"kx{window.kernel[1]}s{window.stride[1]}" + (
        f"d{window.dilate[1]}" if window.dilate[1] > 1 else ""
    )
    kind = "u8" if flip else "s8"
    return Kernel(
        f"qconv_{kind}_depthwise_{shape}_c{c}_p{p}{epilogue_suffix(epilogue)}",
        "qconv/depthwise/dw_generic.c.j2",
        tuple(operands),
        tuple((name, "int32_t") for name in _FIELDS + ROW_FIELDS),
        tuple(sorted(params.items())),
        ("rescale" if epilogue["rescale"] else "requant",),
    )


def pack(node: Node, conv: QConv, target: Target) -> np.ndarray:
    """Weights int16 [vector][tap][lanes, as often as _twice says]."""
    lanes, c = target.lanes, target.block_of("qint8")
    channels = -(-conv.groups // c) * c
    full = np.zeros((channels, conv.taps), np.int16)
    full[: conv.groups] = weights_of(node).reshape(conv.groups, conv.taps)
    vectors = full.reshape(channels // lanes, lanes, conv.taps).transpose(0, 2, 1)
    return np.ascontiguousarray(np.tile(vectors, (1, 1, _twice(target))))


def _build(conv: QConv, target: Target, node: Node) -> list[Call]:
    c, x = target.block_of("qint8"), node.inputs[0]
    n, ic, h, w = conv.geo.x
    blocks, rows = -(-ic // c), rows_of(conv, c, 1)
    operands: list[Operand] = [
        x,
        Const(partial(pack, node, conv, target)),
        Const(partial(bias_of, node, 0, blocks * c)),
        Const(partial(numbers, node, conv.z, signed_zero(x))),
        *factor_constants(node, conv.groups, blocks * c, target.lanes),
        *([node.inputs[3]] if conv.z is not None else []),
        node.output,
        Workspace(rows.nbytes),
    ]
    sizes = (n, h, w, *conv.geo.output[2:], blocks)
    partition = partition_of(conv, "blocks", c, {"x": h * w * c, "w": conv.taps * c * _twice(target) * 2})
    return [Call(kernel(node, conv, target), tuple(operands), (*sizes, *rows.args), partition=partition)]


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """Windows of up to a few dozen pixels a row, one channel multiplier."""
    c = target.block_of("qint8")
    p = _pixels(target, conv.geo.output[3])
    looped, (kh, kw) = _is_looped(conv, p), conv.geo.window.kernel
    if c < 4 or c % target.lanes or (looped and conv.geo.window.stride[1] > 1):
        return
    vectors = -(-conv.groups // c) * (c // target.lanes)
    n, _, oh, ow = conv.geo.output
    loads, steps = (kw * (-(-p // 4) + 4), p) if looped else (_span(conv, p), p * kw)
    per_tile: float = kh * (loads + p * kw + 6) + 10 * p + 15
    if target.lanes == 1:  # loads and products are of single numbers
        per_tile *= 1.5
    yield Candidate(
        partial(_build, conv, target),
        n * vectors * oh * -(-ow // p) * per_tile + Rows.cost(conv),
        tuple(1 if v.is_const else c for v in node.inputs),
        (c,),
        int(600 + 8 * ((p if looped else loads) + steps) + 40 * p),
        why=f"depthwise rows, {p} pixels x {target.lanes} channels",
    )
