"""Quantised depthwise convolution with int16 accumulation of a row's taps (dw_acc16.c.j2), on Arm without dot products.

As in gemm_acc16.py, packing finds out how many rows of taps fit into 16 bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from mgecc.graph import Node
from mgecc.graph.symbolic import at_max_sizes, lower_bound, sym_max
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Number, Operand, Param, Workspace
from mgecc.kernels.qconv.gemm.gemm_acc16 import max_weight_sum, split, typical_run
from mgecc.kernels.qconv.geometry import (
    QConv,
    bias_of,
    flip_of,
    is_positive,
    partition_of,
    signed_zero,
    weights_of,
)
from mgecc.kernels.requant import epilogue_params, epilogue_suffix, numbers, rescale_operand
from mgecc.kernels.rescale import factor_constants
from mgecc.targets import Target

_FIELDS = ("planes", "blocks", "h", "w", "oh", "ow", "pt", "pl", "row_bytes", "sets")
_LARGEST = 7
_SLACK = 64  # bytes that loads of whole vectors may touch behind a row


@dataclass(frozen=True)
class Form:
    """Tiles of ``p`` pixels, ``rows`` rows of taps summed in 16 bits.

    ``less``: what inputs are taken to be less than they are, 64 if they are never negative, by what sums begin with.
    """

    p: int
    rows: int
    less: int

    def cost(self, kh: int, kw: int, sw: int) -> float:
        """Instructions of a tile."""
        pairs, vectors, chains = -(-self.p // 2), -(-self.p // 4), -(-kh // self.rows)
        loads = kw if sw == 1 else -(-kw // 2) * vectors
        return kh * (kw * pairs + loads + -(-kw // 3)) + chains * (self.p + 3) + 4 * self.p + 15


def _forms(node: Node, conv: QConv, target: Target) -> list[Form]:
    """The two best widths."""
    ow, (kh, kw), sw = conv.geo.output[3], conv.geo.window.kernel, conv.geo.window.stride[1]
    less = 64 if is_positive(node.inputs[0]) else 0
    rows = min(kh, max(1, typical_run(less) // kw))
    forms = [Form(p, rows, less) for p in target.facts.int8.dw_acc16_tiles if p <= lower_bound(ow)]
    return sorted(forms, key=lambda form: -(-at_max_sizes(ow) // form.p) * form.cost(kh, kw, sw))[:2]


def kernel(node: Node, conv: QConv, target: Target, form: Form) -> Kernel:
    window = conv.geo.window
    epilogue, flip = epilogue_params(node, target, conv.z), flip_of(node.inputs[0])
    (kh, kw), (sh, sw) = window.kernel, window.stride
    params: dict[str, Param] = {
        "flip": flip, "kh": kh, "kw": kw, "less": form.less, "p": form.p, "rows": form.rows, "sh": sh, "sw": sw,
        **epilogue,
    }  # fmt: skip
    operands = [
        *(("x", "const int8_t *"), ("w", "const int8_t *"), ("b", "const int32_t *"), ("q", "const float *")),
        ("e", "const int32_t *"),
        *rescale_operand(epilogue),
        *[("z", "const int8_t *")] * (conv.z is not None),
        *(("y", "int8_t *"), ("ring", "int8_t *")),
    ]
    stride = f"s{sw}" if sh == sw else f"s{sh}x{sw}"
    kind = "u8" if flip else "s8pos" if form.less else "s8"
    return Kernel(
        f"qconv_{kind}_depthwise{form.rows}_k{kh}x{kw}{stride}_c4_p{form.p}{epilogue_suffix(epilogue)}",
        "qconv/depthwise/dw_acc16.c.j2",
        tuple(operands),
        tuple((name, "int32_t") for name in _FIELDS),
        tuple(sorted(params.items())),
        ("int8_acc16", "rescale" if epilogue["rescale"] else "requant"),
    )


def _sets(block: np.ndarray, form: Form) -> list[np.ndarray]:
    """Weights (kh, kw, 4) as a sum of sets of which no chain of rows overflows."""
    sets = [np.zeros_like(block)]
    for first in range(0, len(block), form.rows):
        rows = slice(first, first + form.rows)
        parts = split(block[rows].reshape(1, -1, 4), max_weight_sum(form.less > 0))
        sets += [np.zeros_like(block) for _ in parts[len(sets) :]]
        for one, part in zip(sets, parts):
            one[rows] = part.reshape(one[rows].shape)
    return sets


def _bytes(one: np.ndarray, form: Form) -> bytes:
    """A set as the kernel reads it."""
    parts = []
    for first in range(0, len(one), form.rows):
        rows = one[first : first + form.rows]
        begin = np.tile(rows.sum(axis=(0, 1)) * -form.less, 4).astype("<i2").tobytes()
        parts.append((begin if form.less else b"") + rows.astype(np.int8).tobytes())
    return b"".join(parts)


def pack(node: Node, conv: QConv, form: Form) -> tuple[np.ndarray, np.ndarray]:
    """Sets of weights, and for every block how many come before it: what the kernel calls w and e."""
    kh, kw = conv.geo.window.kernel
    blocks = -(-conv.groups // 4)
    full = np.zeros((blocks * 4, kh, kw), np.int32)
    full[: conv.groups] = weights_of(node).reshape(conv.groups, kh, kw)
    sets = [_sets(block, form) for block in full.reshape(blocks, 4, kh, kw).transpose(0, 2, 3, 1)]
    packed = b"".join(_bytes(one, form) for each in sets for one in each)
    return np.frombuffer(packed, np.int8), np.cumsum([0, *map(len, sets)]).astype(np.int32)


def _row_bytes(conv: QConv) -> int:
    window, ow = conv.geo.window, conv.geo.output[3]
    wide = sym_max((ow - 1) * window.stride[1] + window.kernel[1], window.pad[1][0] + conv.geo.x[3])
    return -(-wide * 4 // 16) * 16 + 16


def _build(conv: QConv, target: Target, form: Form, node: Node) -> list[Call]:
    x = node.inputs[0]
    n, ic, h, w = conv.geo.x
    blocks, ((pt, _), (pl, _)) = -(-ic // 4), conv.geo.window.pad
    packed = cache(partial(pack, node, conv, form))
    operands: list[Operand] = [
        x,
        Const(lambda: packed()[0]),
        Const(partial(bias_of, node, 0, blocks * 4, -form.less)),
        Const(partial(numbers, node, conv.z, signed_zero(x))),
        Const(lambda: packed()[1]),
        *factor_constants(node, conv.groups, blocks * 4, 4),
        *([node.inputs[3]] if conv.z is not None else []),
        node.output,
        Workspace(_row_bytes(conv) * (conv.geo.window.kernel[0] + 1) + _SLACK),
    ]
    sizes: list[Number] = [n * blocks, blocks, h, w, *conv.geo.output[2:], pt, pl, _row_bytes(conv)]
    sizes.append(lambda: int(packed()[1][-1]))
    partition = partition_of(conv, "planes", 4, {"x": h * w * 4, "e": 4})
    return [Call(kernel(node, conv, target, form), tuple(operands), tuple(sizes), partition=partition)]


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """Windows without gaps, rows of at least four pixels, one channel multiplier."""
    window, (_, _, oh, ow) = conv.geo.window, conv.geo.output
    small = max(window.kernel) <= _LARGEST and window.stride[1] <= 2 and window.dilate == (1, 1)
    if not target.facts.int8.dw_acc16_tiles or not small or lower_bound(ow) < 4:
        return
    n, ic, h, w = conv.geo.x
    for form in _forms(node, conv, target):
        (kh, kw), sw = window.kernel, window.stride[1]
        tile = form.cost(kh, kw, sw)
        yield Candidate(
            partial(_build, conv, target, form),
            n * -(-ic // 4) * (oh * -(-ow // form.p) * tile + h * (w / 3 + 25)),
            tuple(1 if v.is_const else 4 for v in node.inputs),
            (4,),
            int(500 + 5 * tile),
            why=f"depthwise rows, {form.p} pixels x 4 channels, {form.rows} rows of taps in 16 bits",
        )
