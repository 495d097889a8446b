"""Direct convolution with register blocking in NCHWc, dense and grouped (direct.c.j2).

A tile of pixels x output channels stays in accumulators; inputs come straight from the image, weights are packed in the
order of use. The method is that of Georganas et al. 2018, "Anatomy of High-Performance Deep Learning Convolutions on
SIMD Architectures" (arXiv:1808.05567), and Zhang, Franchetti and Low 2018, "High Performance Zero-Memory Overhead
Direct Convolutions" (arXiv:1809.10170). Of a 1x1 window it is a GEMM.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from mgecc.graph import Node
from mgecc.graph.symbolic import at_max_sizes, lower_bound, sym_min
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Param, Partition
from mgecc.kernels.conv.direct.lane_split import lane_groups_of, split_bias, split_weights, vectors_of
from mgecc.kernels.conv.direct.merge_groups import added_bytes, merged, merged_weights
from mgecc.kernels.conv.gemm.prefetch import prefetch_lines, prefetch_suffix
from mgecc.kernels.conv.geometry import Conv, bias_of, residual
from mgecc.kernels.element import Element
from mgecc.targets import Simd, Target

_FLAT = ("n", "h", "w", "oh", "ow", "xb", "yb", "icb", "groups", "first", "per")
_TAPS = ("kh", "kw", "sh", "sw", "dh", "dw", "pt", "pl")

# Inputs of 1x1 convolutions that are many.
_DEEP = 128
# The part of a layer's instructions, and how many of them, that these must save to be worth their code.
_WORTHWHILE = 0.015
_WORTH_CODE = 10_000
# Cost factor of tiles that prefetch weights.
_PREFETCH_COST = 0.97
# Products that are added up in halves without blocked summation.
_LONG_SUM = 192


@dataclass(frozen=True)
class Tile:
    """A register tile: ``p`` pixels times ``j`` vectors of ``c`` lanes, unrolled over ``u`` input blocks; with ``rest``
    the first round has fewer. ``prefetch``: cache lines of weights that a step prefetches. ``lane_groups``: inputs that
    one vector of weights serves (lane_split.py)."""

    element: Element
    p: int
    j: int
    u: int = 1
    rest: bool = False
    prefetch: int = 0
    lane_groups: int = 1

    @property
    def c(self) -> int:
        return self.element.block

    @property
    def simd(self) -> Simd:
        return self.element.simd

    @property
    def weight_stationary(self) -> bool:
        """Keep the weights of a step in registers and stream four pixels at a time through, or the reverse."""
        fits = (self.p + 4) * self.j + 4 <= self.simd.registers
        return self.simd.weight_stationary and self.p > 1 and fits

    @property
    def load_accumulators(self) -> bool:
        """Load the sums' first values rather than copy them."""
        return self.p > 1 and self.simd.load_accumulators

    @property
    def step_cost(self) -> float:
        """Instructions to multiply ``c`` input channels of all pixels with their weights."""
        from_pixels = self.p * (self.c / self.simd.inputs_per_load)
        if self.simd.memory_operands and self.j == 1:  # a product reads its input itself, or beside others
            from_pixels = 0.0
        products = self.p * self.j * self.c * self.simd.madd_cost
        loads = self.simd.load_cost * (from_pixels + self.c * self.j)
        return (products + loads) / self.lane_groups + 2 + 2 / self.u


Tiling = list[tuple[Tile, int]]  # tiles and how many vectors of channels / j of each, one behind the other


def _largest_tile(conv: Conv) -> tuple[int, int]:
    simd = conv.element.simd
    return (simd.deep_tile if conv.ic > _DEEP else simd.flat_tile) if conv.is_pointwise else simd.tile


def tiles_for(conv: Conv, pixels: int, vectors: int) -> list[Tile]:
    """The tile for most channels and, where vectors remain, one for the rest."""
    element, (most_p, most_j) = conv.element, _largest_tile(conv)
    fewest = lower_bound(pixels)
    if fewest < most_p // 2:
        most_j = min(8, most_p * most_j // max(fewest, 2))
    j = min(most_j, vectors)
    widths = [j] + ([vectors % j] if vectors % j else [])
    if conv.is_pointwise and element.simd.fill_narrow and j == 1:  # fewer sums would wait for each other
        most_p *= most_j
    return [_best(element, pixels, (most_p, width)) for width in widths]


def _best(element: Element, pixels: int, most: tuple[int, int]) -> Tile:
    """The largest tile, unless a smaller one fits the image much better."""
    return _best_between(element, lower_bound(pixels), at_max_sizes(pixels), most)


@cache
def _best_between(element: Element, fewest: int, pixels: int, most: tuple[int, int]) -> Tile:
    full = Tile(element, min(most[0], fewest), most[1])
    alternatives = [Tile(element, p, most[1]) for p in range(1, full.p)]

    def total(tile: Tile) -> float:
        return -(-pixels // tile.p) * tile.step_cost

    best = min(alternatives, key=total, default=full)
    return best if total(best) < element.simd.alternative_ratio * total(full) else full


def _narrower(conv: Conv, tiling: Tiling) -> Iterator[Tiling]:
    """The same with fewer pixels, of which fewer tiles stand in two rows: that counts where groups have few inputs."""
    fewer = (
        [(replace(tile, p=min(tile.p, p)), count) for tile, count in tiling] for p in range(2, tiling[0][0].p)
    )
    yield from sorted(fewer, key=lambda alternative: float(at_max_sizes(_cost(conv, alternative))))[:1]


def _with_lane_split(conv: Conv, vectors: int, lane_groups: int) -> Tiling:
    """The usual tiles, and one of which every vector holds the last channels ``lane_groups`` times."""
    element, (most_p, most_j), j = conv.element, conv.element.simd.tile, vectors_of(lane_groups, vectors)
    before = vectors - -(-j // lane_groups)
    usual = _tiling(tiles_for(conv, conv.pixels, before), before) if before else []
    ends = (
        [(Tile(element, p, j, lane_groups=lane_groups), 1)]
        for p in range(1, min(most_p * most_j // j, lower_bound(conv.pixels)) + 1)
    )
    return [*usual, *min(ends, key=lambda tiling: float(at_max_sizes(_cost(conv, tiling))))]


def _alternatives(conv: Conv, vectors: int, plain: Tiling) -> Iterator[Tiling]:
    """Tiles of other forms for the same, with the usual ones for the remaining vectors: an even number."""
    if (lane_groups := lane_groups_of(conv)) > 1:
        yield _with_lane_split(conv, vectors, lane_groups)
    most_p, most_j = conv.element.simd.tile
    if conv.groups > 1 and not conv.is_pointwise:
        yield from _narrower(conv, plain)
    for p, j in conv.element.simd.alternative_tiles:
        rest = next((r for r in range(vectors % j, vectors, j) if r % most_j == 0), vectors)
        if p <= lower_bound(conv.pixels) and rest < vectors and conv.is_pointwise:
            usual = [(_best(conv.element, conv.pixels, (most_p, most_j)), rest // most_j)] if rest else []
            yield [(Tile(conv.element, p, j), (vectors - rest) // j), *usual]


def rounds_of(element: Element, blocks: int) -> int:
    """The most input blocks a round that leave no rest."""
    return next(u for u in (4, 2, 1) if u <= element.simd.unroll and blocks % u == 0)


def _last_lanes(conv: Conv) -> int:
    """Lanes of the last input block that are multiplied: only vectors of many lanes are worth code of their own."""
    c, xl, per = conv.element.block, conv.element.xl, conv.ic // conv.groups
    return -(-(per % c) // xl) * xl or c if conv.element.simd.partial_blocks else c


def kernel(conv: Conv, tile: Tile) -> Kernel:
    flat, act = conv.is_pointwise, conv.activation
    stride = conv.sw if conv.sw <= 2 else 0
    window = "k1s1" if flat else f"s{stride or 'any'}"
    element = conv.element
    last = _last_lanes(conv)
    blocked_sum = element.half and conv.taps * (conv.ic // conv.groups) > _LONG_SUM
    operands = [("x", element.const), ("w", conv.weights.ctype), ("b", element.const)]
    operands += [("z", element.const)] * conv.has_z + [("y", element.pointer)]
    names = _FLAT if flat else _FLAT + _TAPS
    params: dict[str, Param] = {
        "activation": act.kind, "blocked_sum": blocked_sum, "c": tile.c, "flat": flat, "j": tile.j,
        "lane_groups": tile.lane_groups, "last": last, "load_accumulators": tile.load_accumulators or blocked_sum,
        "multi_load": tile.simd.multi_load, "p": tile.p, "prefetch": tile.prefetch, "rest": tile.rest,
        "sw": 1 if flat else stride, "u": tile.u, "weight_stationary": tile.weight_stationary,
        "wtype": conv.weights.name, "xl": element.xl, "z": conv.has_z,
    }  # fmt: skip
    some = f"_fold{tile.lane_groups}" * (tile.lane_groups > 1) + f"_last{last}" * (last < tile.c)
    suffix = (
        conv.weights.suffix
        + some
        + prefetch_suffix(tile.prefetch)
        + "_parts" * blocked_sum
        + "_add" * conv.has_z
        + act.suffix
    )
    return Kernel(
        f"conv_{element.name}_tile_{window}_c{tile.c}_p{tile.p}x{tile.j}u{tile.u}{'r' * tile.rest}{suffix}",
        "conv/direct/direct.c.j2",
        tuple(operands),
        (*((name, "int32_t") for name in names), *act.fields),
        tuple(sorted(params.items())),
        conv.needs + ("lane_reduce",) * (tile.lane_groups > 1),
        half=element.half,
    )


def pack(node: Node, conv: Conv, tile: Tile, first: int, count: int) -> np.ndarray:
    """Weights of ``count`` tiles from channel block ``first`` on: [tile][tap][input block][lane][j * c]."""
    w = merged_weights(node, conv.groups)
    c, g, opg, ipg = tile.c, *w.shape[:3]
    blocks_in, blocks_out = -(-ipg // c), -(-opg // c)
    full = np.zeros((g, blocks_out * c, blocks_in * c, conv.taps), np.float32)
    full[:, :opg, :ipg] = w.reshape(g, opg, ipg, conv.taps)
    chosen = full.reshape(g * blocks_out * c, blocks_in, c, conv.taps)
    chosen = chosen[first * c : (first + count * tile.j) * c]
    if tile.lane_groups > 1:
        return conv.weights.stored(split_weights(chosen, tile.j, tile.lane_groups))
    chosen = chosen.reshape(count, tile.j * c, blocks_in, c, conv.taps)
    return conv.weights.stored(np.ascontiguousarray(chosen.transpose(0, 4, 2, 3, 1)))


def _bias(node: Node, tile: Tile, first: int, count: int) -> np.ndarray:
    if tile.lane_groups > 1:
        return split_bias(node, first * tile.c, tile.j * tile.c, tile.lane_groups)
    return bias_of(node, first * tile.c, count * tile.j * tile.c)


def _call(node: Node, conv: Conv, tile: Tile, first: int, count: int) -> Call:
    c, x = tile.c, node.inputs[0]
    out_blocks, in_blocks = -(-conv.oc // c), -(-conv.ic // c)
    per = max(1, out_blocks // conv.groups // tile.j)
    sizes = (
        conv.n,
        conv.h,
        conv.w,
        conv.oh,
        conv.ow,
        in_blocks,
        out_blocks,
        in_blocks // conv.groups,
        count,
        first,
        per,
    )
    window = (
        () if conv.is_pointwise else (conv.kh, conv.kw, conv.sh, conv.sw, conv.dh, conv.dw, conv.pt, conv.pl)
    )
    operands = [
        x,
        Const(partial(pack, node, conv, tile, first, count)),
        Const(partial(_bias, node, tile, first, count)),
        *([residual(node)] if conv.has_z else []),
        node.output,
    ]
    numbers = (*sizes, *window, *conv.activation.numbers)
    made, partition = kernel(conv, tile), _partition(conv, tile)
    return Call(made, tuple(operands), numbers, partition=partition, fallback=_fallback(conv, tile))


def _partition(conv: Conv, tile: Tile) -> Partition | None:
    """By tiles of channels; with several groups a tile's place tells its input, so they stay together."""
    if conv.groups > 1:
        return None
    lanes = tile.j * tile.c
    weights = conv.taps * -(-conv.ic // tile.c) * tile.c * lanes // tile.lane_groups * conv.weights.size
    return Partition("groups", {"w": weights, "b": lanes * tile.element.size}, {"first": tile.j})


def _fallback(conv: Conv, tile: Tile) -> tuple[Kernel, int] | None:
    """The kernel for images of fewer pixels than the tile has, where declared sizes have any."""
    fewest = lower_bound(conv.pixels)
    if fewest >= tile.p:
        return None
    return kernel(conv, replace(tile, p=fewest)), sym_min(1, conv.pixels // tile.p)


def _build(conv: Conv, tiling: Tiling, node: Node) -> list[Call]:
    calls, first = [], 0
    for tile, count in tiling:
        calls.append(_call(node, conv, tile, first, count))
        first += count * tile.j
    return calls


def candidates(node: Node, conv: Conv, target: Target) -> Iterator[Candidate]:
    """Tiles over channel blocks; groups consist of whole blocks."""
    c = conv.element.block
    if c != conv.element.lanes or conv.is_depthwise:
        return
    conv = merged(conv)
    vectors = -(-conv.oc // conv.groups // c)
    pixels = at_max_sizes(conv.pixels)
    tiles = tiles_for(conv, pixels, vectors)
    if conv.groups > 1 and len(tiles) > 1:  # one width must fit every group
        width = max(w for w in range(1, tiles[0].j) if vectors % w == 0)
        tiles = [_best(conv.element, pixels, (conv.element.simd.tile[0], width))]
    all_vectors = -(-conv.oc // c)
    plain, blocks = _tiling(tiles, all_vectors), [1 if v.is_const else c for v in node.inputs]
    for found in _worthwhile(conv, plain, _alternatives(conv, all_vectors, plain), blocks):
        yield replace(found, weights=added_bytes(node, conv))


def _tiling(tiles: list[Tile], vectors: int) -> Tiling:
    return [(tiles[0], vectors // tiles[0].j), *((t, 1) for t in tiles[1:])]


def _worthwhile(
    conv: Conv, plain: Tiling, alternatives: Iterable[Tiling], blocks: list[int]
) -> Iterator[Candidate]:
    """The usual tiles, with one and with several input blocks a round and without prefetch, and alternatives that save
    enough for their code."""
    in_blocks = -(-conv.ic // conv.groups // conv.element.block)
    even, most_u = rounds_of(conv.element, in_blocks), conv.element.simd.unroll
    for u in sorted({1, even}):
        usual = _candidate(conv, _with(conv, plain, u), blocks)
        yield usual
        if usual.cost < (simple := _candidate(conv, [(replace(t, u=u), n) for t, n in plain], blocks)).cost:
            yield simple
    uneven = conv.is_pointwise and not conv.element.half and even < most_u < in_blocks
    for tiling in (plain, *alternatives):
        for u, rest in [(even, False)] + [(most_u, True)] * uneven:
            special = _candidate(conv, _with(conv, tiling, u, rest), blocks)
            if usual.cost - special.cost > max(_WORTHWHILE * usual.cost, _WORTH_CODE):
                yield special


def _with(conv: Conv, tiling: Tiling, u: int, rest: bool = False) -> Tiling:
    def prefetch(tile: Tile) -> int:
        return prefetch_lines(conv, tile.p, tile.j, -(-at_max_sizes(conv.pixels) // tile.p), tile.lane_groups)

    return [(replace(tile, u=u, rest=rest, prefetch=prefetch(tile)), count) for tile, count in tiling]


def _candidate(conv: Conv, tiling: Tiling, blocks: list[int]) -> Candidate:
    main = tiling[0][0]
    return Candidate(
        partial(_build, conv, tiling),
        _cost(conv, tiling) * (_PREFETCH_COST if any(tile.prefetch for tile, _ in tiling) else 1),
        tuple(blocks),
        (main.c,),
        sum(_code(conv, t) for t, _ in tiling),
        (3,) if conv.has_z else (),
        why=f"register tiles of {main.p} pixels x {main.j * main.c // main.lane_groups} channels",
    )


def _borders(conv: Conv, tile: Tile) -> float:
    """Instructions of one tile for its window, beside the products: taps that are taken pixel by pixel where a tile's
    pixels are in two rows or the window leaves the image.
    """
    if conv.is_pointwise:
        return 0.0
    width = at_max_sizes(conv.ow)
    two_rows = 0.0 if width % tile.p == 0 else min(1.0, (tile.p - 1) / width)
    outside = min(1.0, tile.p / width) * (conv.kw - 1) / conv.kw
    blocks = -(-conv.ic // conv.groups // tile.c)
    apart = tile.p * (8 + 1.5 * blocks)
    return conv.taps * (10 + min(1.0, two_rows + outside) * apart) + 8 * tile.p


def _cost(conv: Conv, tiling: Tiling) -> float:
    c = tiling[0][0].c
    steps = conv.taps * (-(-conv.ic // conv.groups // c) - 1 + _last_lanes(conv) / c)
    return sum(
        conv.n
        * share
        * -(-conv.pixels // t.p)
        * (
            steps * t.step_cost
            + _borders(conv, t)
            + t.p * t.j * (2.5 + conv.activation.cost)
            + 15
            + 4 * t.rest
        )
        for t, share in tiling
    )


def _code(conv: Conv, tile: Tile) -> int:
    body = 4 * tile.step_cost * tile.u
    return int(
        300 + body * (1 if conv.is_pointwise else 2) + 4 * tile.p * tile.j * (2 + conv.activation.cost)
    )
