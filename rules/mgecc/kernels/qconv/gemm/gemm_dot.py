"""Quantised GEMM convolution by four-way dot products, dense and grouped (gemm_dot.c.j2).

Int8 products in groups of four are added to int32 accumulators: SDOT (Arm Architecture Reference Manual, FEAT_DotProd),
VPDPBUSD (Intel SDM, AVX512-VNNI), or the same by several instructions where a processor has neither. 1x1 windows read
the image, others a ring of padded rows (row_ring.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.graph.symbolic import at_max_sizes, lower_bound
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, Param, Partition, Workspace
from mgecc.kernels.qconv.geometry import QConv, bias_of, flip_of, is_positive, signed_zero, weights_of
from mgecc.kernels.qconv.row_ring import ROW_FIELDS, Rows, rows_of
from mgecc.kernels.requant import (
    epilogue_params,
    epilogue_suffix,
    has_dot,
    input_offset,
    numbers,
    order_weights,
    products,
    rescale_operand,
)
from mgecc.kernels.rescale import factor_constants
from mgecc.targets import Target

_FIELDS = ("n", "h", "w", "oh", "ow", "xb", "yb", "icb", "groups", "first", "per")

_STREAMED = (4, 6, 8, 10, 12)
_TAILS = (1, 4)
_WIDEST_FIRST = 7  # taps of a row of planes, which are written out


@dataclass(frozen=True)
class Tile:
    """``p`` pixels times ``j`` vectors of ``lanes`` outputs, in blocks of ``c`` channels.

    ``planes``: how many input channels come in plain layout, none if they are blocked. ``positive``: inputs are 0 or
    more, so that products with a factor without sign need no other form of them. ``compact``: one input block a turn
    and no smaller tile for the rest of an image, so that more layers share the kernel. ``ringed``: pixels come from
    copied rows.
    """

    target: Target
    c: int
    p: int
    j: int
    planes: int = 0
    positive: bool = False
    compact: bool = False
    ringed: bool = False

    @property
    def input_offset(self) -> int:
        """What is added to every input before it is multiplied."""
        return 0 if self.positive else input_offset(self.target)

    @property
    def offset_in_rows(self) -> int:
        """What of it the copied rows have already."""
        return self.input_offset if self.ringed else 0

    @property
    def is_ready(self) -> bool:
        """Whether products that take a factor without sign find one."""
        return input_offset(self.target) > 0 and self.input_offset == self.offset_in_rows

    @property
    def xc(self) -> int:
        """Channels of a pixel of the padded rows."""
        return 4 if self.planes else self.c

    @property
    def lanes(self) -> int:
        return self.target.lanes

    def is_streamed(self, stride: int) -> bool:
        """Whether all pixels of a step come with one or two loads."""
        return self.target.facts.int8.multi_pixel_loads and stride == 1 and self.p in _STREAMED

    def unrolled(self, conv: QConv) -> int:
        """Input blocks of one turn of the inner loop."""
        blocks = -(-conv.channels[0] // self.c)
        return (
            next(u for u in (4, 2, 1) if blocks % u == 0) if self.is_streamed(1) and not self.compact else 1
        )

    def tail(self, pixels: int) -> int:
        """Pixels of an image behind its last whole tile, if the kernel has a smaller tile for them."""
        rest = pixels % self.p
        return rest if self.is_streamed(1) and isinstance(rest, int) and rest in _TAILS else 0

    @property
    def step_cost(self) -> float:
        """Instructions to multiply four inputs of all pixels with their weights."""
        x, w, dot = self.target.facts.int8.costs
        if self.is_ready:  # half of what a pixel needs is to raise it
            x /= 2
        return self.p * x + self.j * w + self.p * self.j * dot + 1


def tile_for(target: Target, pixels: int, vectors: int, stride: int = 0) -> Tile:
    """The cheapest tile for rows of so many pixels, or with stride 0 for images; a divisor of the vectors wide."""
    most_p, most_j = target.facts.int8.tile
    c, ringed = target.block_of("qint8"), stride > 0
    least, most = lower_bound(pixels), at_max_sizes(pixels)
    is_any = target.facts.int8.balanced_tiles
    if is_any and least * 2 <= most_p:
        most_p, most_j = most_p // 2, most_j * 2
    j = max(w for w in (1, 2, 4) if w <= most_j and vectors % w == 0)
    most_p = most_p * most_j // j
    if min(least, most_p) < 4:
        return Tile(target, c, min(least, most_p), j, ringed=ringed)
    alternatives = [
        Tile(target, c, p, j, ringed=ringed) for p in range(most_p, 3, -1 if is_any else -2) if p <= least
    ]
    alternatives = [t for t in alternatives if t.p % 4 == 0 or is_any or t.is_streamed(stride or 1)]

    def cost(tile: Tile) -> float:
        tail = 0 if stride else tile.tail(pixels)
        whole = -(-(most - tail) // tile.p) * tile.step_cost
        return whole + (replace(tile, p=tail).step_cost if tail else 0.0)

    return min(alternatives, key=cost)


def kernel(node: Node, conv: QConv, tile: Tile) -> Kernel:
    flat = _is_flat(node, conv, tile)
    stride = 1 if flat else conv.geo.window.stride[1]
    epilogue = epilogue_params(node, tile.target, conv.z)
    streamed = tile.is_streamed(stride)
    u, tail = (tile.unrolled(conv), tile.tail(conv.pixels)) if flat else (1, 0)
    params: dict[str, Param] = {
        "c": tile.c, "flat": flat, "flip": flip_of(node.inputs[0]) ^ tile.offset_in_rows, "j": tile.j,
        "lanes": tile.lanes, "p": tile.p, "kw": conv.geo.window.kernel[1] if tile.planes else 0, "planes": tile.planes,
        "positive": tile.is_ready, "streamed": streamed,
        "sw": stride if stride <= 2 else 0, "tail": tail, "u": u, "xc": tile.xc, **epilogue,
    }  # fmt: skip
    operands = [
        ("x", "const int8_t *"),
        ("w", "const int8_t *"),
        ("b", "const int32_t *"),
        ("q", "const float *"),
        *rescale_operand(epilogue),
    ]
    operands += (
        [("z", "const int8_t *")] * (conv.z is not None)
        + [("y", "int8_t *")]
        + [("ring", "int8_t *")] * (not flat)
    )
    names = _FIELDS if flat else _FIELDS + ROW_FIELDS
    window = _window_name(tile, stride, flat, params["kw"])
    kind = ("u8" if flip_of(node.inputs[0]) else "s8") + ("dot" if has_dot(tile.target) else "")
    kind += "pos" if tile.positive else ""
    turn = (f"and{tail}" if tail else "") + (f"u{u}" if u > 1 else "")
    return Kernel(
        f"qconv_{kind}_{window}_c{tile.c}_p{tile.p}x{tile.j}{turn}{epilogue_suffix(epilogue)}",
        "qconv/gemm/gemm_dot.c.j2",
        tuple(operands),
        tuple((name, "int32_t") for name in names),
        tuple(sorted(params.items())),
        (products(tile.target), "rescale" if epilogue["rescale"] else "requant"),
    )


def _window_name(tile: Tile, stride: int, flat: bool, kw: Param) -> str:
    window = "k1s1" if flat else f"s{stride if stride <= 2 else 'any'}"
    return f"first{tile.planes}_kx{kw}{window}" if tile.planes else f"tile_{window}"


def _is_flat(node: Node, conv: QConv, tile: Tile) -> bool:
    return conv.is_pointwise and not flip_of(node.inputs[0]) and not tile.planes


def pack(node: Node, conv: QConv, tile: Tile) -> np.ndarray:
    """Weights [group of vectors][tap][input block][four inputs][vector][lanes x 4 in the target's order]."""
    w, (ipg, opg), c = weights_of(node), conv.channels, tile.c
    width = tile.lanes * tile.j
    outs, ins = -(-opg // c) * c, -(-ipg // tile.xc)
    full = np.zeros((conv.groups, outs, ins * tile.xc, conv.taps), np.int8)
    full[:, :opg, :ipg] = w
    parts = full.reshape(conv.groups * outs // width, tile.j, tile.lanes, ins, tile.xc // 4, 4, conv.taps)
    return np.ascontiguousarray(order_weights(parts.transpose(0, 6, 3, 4, 1, 2, 5), tile.target))


def _build(conv: QConv, tile: Tile, node: Node) -> list[Call]:
    x, y, c = node.inputs[0], node.output, tile.c
    n, ic, h, w = conv.geo.x
    _, oc, oh, ow = conv.geo.output
    ipg, opg = conv.channels
    vectors = conv.groups * (-(-opg // c) * c // tile.lanes)
    per = max(1, vectors // conv.groups // tile.j)
    sizes = (n, h, w, oh, ow, -(-ic // c), -(-oc // c), -(-ipg // c), vectors // tile.j, 0, per)
    rows = None if _is_flat(node, conv, tile) else rows_of(conv, tile.xc, -(-ic // tile.xc))
    operands: list[Operand] = [
        x,
        Const(partial(pack, node, conv, tile)),
        Const(partial(bias_of, node, 0, vectors * tile.lanes, tile.input_offset)),
        Const(partial(numbers, node, conv.z, signed_zero(x) + tile.offset_in_rows)),
        *factor_constants(node, conv.geo.output[1], vectors * tile.lanes, tile.lanes),
        *([node.inputs[3]] if conv.z is not None else []),
        y,
        *([Workspace(rows.nbytes)] if rows else []),
    ]
    weights = conv.taps * -(-ipg // tile.xc) * tile.xc * tile.j * tile.lanes
    partition = None
    if conv.groups == 1:  # a tile's place tells where its results lie, and of several groups its input, too
        strides = {"w": weights, "b": 4 * tile.j * tile.lanes, "factors": 8 * tile.j * tile.lanes}
        partition = Partition("groups", strides, {"first": tile.j})
    numbers_ = (*sizes, *(rows.args if rows else ()))
    return [Call(kernel(node, conv, tile), tuple(operands), numbers_, partition=partition)]


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """Tiles over channel blocks; groups must consist of whole blocks. A few input channels may come as planes."""
    c, ipg = target.block_of("qint8"), conv.channels[0]
    if c < 4 or c % target.lanes or not _is_of_blocks(conv, c):
        return
    for planes in (ipg, 0) if _has_few_channels(conv) else (0,):
        is_flat = _is_flat(node, conv, Tile(target, c, 1, 1, planes))
        tile = replace(_tile_of(node, conv, target, is_flat), planes=planes)
        blocks = tuple(1 if v.is_const or (planes and v is node.inputs[0]) else c for v in node.inputs)
        yield _candidate(node, conv, tile, blocks)
        if is_flat and (tile.unrolled(conv) > 1 or tile.tail(conv.pixels)):
            yield _candidate(node, conv, replace(tile, compact=True), blocks)


def _is_of_blocks(conv: QConv, c: int) -> bool:
    return conv.groups == 1 or not any(channels % c for channels in conv.channels)


def _has_few_channels(conv: QConv) -> bool:
    return conv.groups == 1 and conv.channels[0] <= 4 and conv.geo.window.kernel[1] <= _WIDEST_FIRST


def _tile_of(node: Node, conv: QConv, target: Target, is_flat: bool) -> Tile:
    """The tile for these outputs. ``is_flat``: all pixels are one row."""
    c, (_, opg) = target.block_of("qint8"), conv.channels
    vectors, stride = -(-opg // c) * c // target.lanes, conv.geo.window.stride[1]
    sizes = (conv.pixels, vectors) if is_flat else (conv.geo.output[3], vectors, stride)
    return replace(
        tile_for(target, *sizes), positive=input_offset(target) > 0 and is_positive(node.inputs[0])
    )


def _candidate(node: Node, conv: QConv, tile: Tile, blocks: tuple[int, ...]) -> Candidate:
    return Candidate(
        partial(_build, conv, tile),
        _cost(node, conv, tile),
        blocks,
        (tile.c,),
        _code(conv, tile),
        why=f"tiles of {tile.p} pixels x {tile.j * tile.lanes} channels, products of four",
    )


def _cost(node: Node, conv: QConv, tile: Tile) -> float:
    flat = _is_flat(node, conv, tile)
    ipg, opg = conv.channels
    turn = (1 if tile.unrolled(conv) == 1 else 0) if flat else 2 if tile.planes else 8
    steps = conv.taps * (-(-ipg // tile.xc) * (tile.xc // 4) * tile.step_cost + turn)
    n, _, oh, ow = conv.geo.output
    tiles = n * (
        (oh * ow / tile.p if tile.tail(oh * ow) else -(-oh * ow // tile.p)) if flat else oh * -(-ow // tile.p)
    )
    vectors = conv.groups * (-(-opg // tile.c) * tile.c // tile.lanes)
    copies = 0.0 if flat else Rows.cost(conv)
    return tiles * (vectors // tile.j) * (steps + 10 * tile.p * tile.j + 20) + copies


def _code(conv: QConv, tile: Tile) -> int:
    steps: float = conv.geo.window.kernel[1] if tile.planes else tile.c // 4 * tile.unrolled(conv)
    steps *= 1.3 if tile.tail(conv.pixels) else 1
    return int(400 + 4 * tile.step_cost * steps + 40 * tile.p * tile.j)
