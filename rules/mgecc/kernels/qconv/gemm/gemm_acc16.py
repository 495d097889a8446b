"""Quantised GEMM convolution with int16 accumulation (gemm_acc16.c.j2), on Arm without dot products.

A product of int8 has 15 bits with its sign, so an int16 accumulator holds at least one, and more where the weights are
small; Jacob et al. 2018 (arXiv:1712.05877), appendix B, add two. Here packing counts for every pair of outputs how many
fit, and stores flags that say when the int16 accumulators are flushed to int32. From inputs that are never negative 64
is subtracted, which halves the products.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from mgecc.graph import Node
from mgecc.graph.symbolic import at_max_sizes, lower_bound
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Number, Operand, Param, Workspace
from mgecc.kernels.qconv.geometry import (
    QConv,
    bias_of,
    flip_of,
    is_positive,
    partition_of,
    signed_zero,
    weights_of,
)
from mgecc.kernels.qconv.row_ring import ROW_FIELDS, Rows, rows_of
from mgecc.kernels.requant import epilogue_params, epilogue_suffix, numbers, rescale_operand
from mgecc.kernels.rescale import factor_constants
from mgecc.targets import Target

_FIELDS = ("n", "pixels", "blocks", "groups", "strip", "turns")
_WINDOWS = ("n", "h", "w", "oh", "ow", "xb", "blocks", "groups", "strip", "turns")
_LEAST = 4  # pixels of the tile with the least scratch
_TAILS = (1, 4)  # of planes only the latter
_TURNS = (8, 6, 4, 3, 2)
_BEHIND = 7  # bytes that flags may be read with
_SLACK = 64  # bytes behind the strip that whole vectors may touch
_MOST_TAPS = 25  # of planes, which are written out
_STRIP = 48 << 10  # bytes of inputs that weights are read for at a time, at most


@dataclass(frozen=True)
class Form:
    """Tiles of ``p`` pixels, turns of ``turn`` input blocks, a tile for the last ``tail`` pixels of a row or image.

    ``less``: what is taken from inputs, 64 if they are never negative. ``windows``: inputs come from padded rows.
    ``planes``: how many input channels come in plain layout, none if they are blocked.
    """

    p: int
    turn: int
    less: int
    tail: int = 0
    windows: bool = False
    planes: int = 0

    @property
    def limit(self) -> int:
        return max_weight_sum(self.less > 0)

    def blocks(self, conv: QConv) -> int:
        """Input blocks of all taps, in whole turns."""
        each = -(-conv.taps * self.planes // 4) if self.planes else conv.taps * -(-conv.channels[0] // 4)
        return -(-each // self.turn) * self.turn

    def pixels(self, conv: QConv) -> int:
        """Of a row or an image."""
        return conv.geo.output[3] if self.windows else conv.pixels


def max_weight_sum(positive: bool) -> int:
    """Largest sum of magnitudes of weights whose products fit 16 bits: 64 less than 0 .. 127 is -64 .. 63."""
    return 32767 // 64 if positive else 32767 // 128


def typical_run(less: int) -> int:
    """Products that fit an int16 accumulator with usual weights: the choice of kernels must not depend on them."""
    return 13 if less else 5


def split(turn: np.ndarray, limit: int) -> list[np.ndarray]:
    """Weights (outputs, blocks, four) as a sum of arrays of which each fits an int16 accumulator."""
    if np.abs(turn).sum(axis=1).max() <= limit:
        return [turn]
    used = np.flatnonzero(turn.any(axis=(0, 2)))
    parts = []
    for blocks in (used[::2], used[1::2]):
        part = np.zeros_like(turn)
        part[:, blocks] = turn[:, blocks]
        parts += split(part, limit)
    return parts


def split_runs(turns: np.ndarray, limit: int) -> tuple[list[np.ndarray], list[int]]:
    """Weights (turns, outputs, blocks, four) as turns that fit int16 accumulators, and what the kernel calls e."""
    weights: list[np.ndarray] = []
    flags, total = [], np.zeros(turns.shape[1::2], np.int32)
    for turn in turns:
        for i, part in enumerate(split(turn, limit)):
            size = np.abs(part).sum(axis=1)
            goes_on = i == 0 and (total + size).max() <= limit
            total = total + size if goes_on else size
            flags.append(0 if goes_on else 3 if i else 1)
            weights.append(part)
    return weights, [*flags[1:], 7]


def _turns(node: Node, conv: QConv, form: Form) -> np.ndarray:
    """Weights (pair of outputs, turn, output, block, four), in the order in which the kernel gathers inputs."""
    (inner, out), (kh, kw) = conv.channels, conv.geo.window.kernel
    outs, wide = -(-out // 4) * 4, inner if form.planes else -(-inner // 4) * 4
    full = np.zeros((outs, kh, kw, wide), np.int32)
    full[:out, ..., :inner] = weights_of(node)[0].reshape(out, inner, kh, kw).transpose(0, 2, 3, 1)
    if form.planes:
        full = full.swapaxes(2, 3)
    flat = np.zeros((outs, form.blocks(conv) * 4), np.int32)
    flat[:, : kh * kw * wide] = full.reshape(outs, -1)
    return np.asarray(flat.reshape(outs // 2, 2, -1, form.turn, 4).transpose(0, 2, 1, 3, 4))


def pack(node: Node, conv: QConv, form: Form) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights [pair of outputs][turn][input block][output][four inputs], and what the kernel calls e and skip.

    The kernel may read as many weights as two blocks have where the last one of a turn is alone, and eight flags.
    """
    pairs = [split_runs(each, form.limit) for each in _turns(node, conv, form)]
    packed = np.array([turn for weights, _ in pairs for turn in weights], np.int8).transpose(0, 2, 1, 3)
    packed = np.pad(packed.reshape(-1), (0, form.turn % 2 * 8))
    flags = np.array([flag for _, flags in pairs for flag in flags] + _BEHIND * [0], np.uint8)
    before = np.cumsum([0, *(len(flags) for _, flags in pairs)])[:-1:2]
    return packed, flags, before.astype(np.int32)


def _bias(node: Node, conv: QConv, less: int) -> np.ndarray:
    bias = np.zeros((-(-conv.channels[1] // 4) * 4, 4), np.int32)
    bias[:, ::2] = bias_of(node, 0, len(bias), -less)[:, None]
    return bias


def _usual(icb: int, form: Form) -> tuple[float, float]:
    """Input blocks that a pair of outputs takes, those in several parts more than once, and in how many chains."""
    length = typical_run(form.less)
    blocks = icb * max(1.0, form.turn / length)
    return blocks, max(1.0, blocks / max(length, form.turn))


def _tile_cost(icb: int, form: Form) -> float:
    """Instructions for a tile of pixels times two outputs, with what is done for each tile once."""
    blocks, chains = _usual(icb, form)
    pairs = -(-form.p // 2)
    take = 2 * pairs + 0.5 + (pairs / 8 if pairs > 1 else 1) + 2.5 / form.turn
    return blocks * take + chains * (2 * pairs + 2) + 5 * pairs + 30


def _tail(pixels: int, p: int, served: tuple[int, ...]) -> int:
    rest = pixels % p
    return rest if isinstance(rest, int) and rest in served else 0


def _cost(pixels: int, form: Form, icb: int) -> float:
    rest = _tile_cost(icb, replace(form, p=form.tail)) if form.tail else 0
    return -(-(pixels - form.tail) // form.p) * _tile_cost(icb, form) + rest


def _more(conv: QConv, form: Form) -> int:
    """Bytes that weights and flags of turns take beyond the weights as they are."""
    (inner, out), pairs = conv.channels, 2 * -(-conv.channels[1] // 4)
    blocks, _ = _usual(form.blocks(conv), form)
    return max(0, int(pairs * (blocks * (8 + 1 / form.turn) + 2)) - inner * out * conv.taps)


def kernel(node: Node, conv: QConv, target: Target, form: Form) -> Kernel:
    epilogue, tail = epilogue_params(node, target, conv.z), f"and{form.tail}" if form.tail else ""
    stride = conv.geo.window.stride[1] if form.windows else 1
    kh, kw = conv.geo.window.kernel if form.planes else (0, 0)
    params: dict[str, Param] = {
        "flip": flip_of(node.inputs[0]), "grouped": target.facts.int8.acc16_loads, "kh": kh, "kw": kw,
        "less": form.less, "p": form.p, "planes": form.planes, "sw": stride if stride <= 2 else 0, "tail": form.tail,
        "turn": form.turn, "windows": form.windows, **epilogue,
    }  # fmt: skip
    operands = [
        *(("x", "const int8_t *"), ("w", "const int8_t *"), ("b", "const int32_t *"), ("q", "const float *")),
        *(("e", "const uint8_t *"), ("skip", "const int32_t *")),
        *rescale_operand(epilogue),
        *[("z", "const int8_t *")] * (conv.z is not None),
        *(("y", "int8_t *"), ("strip", "int8_t *")),
        *[("ring", "int8_t *")] * form.windows,
    ]
    kind = "u8" if params["flip"] else "s8pos" if form.less else "s8"
    window = f"s{params['sw'] or 'any'}" if form.windows else "k1s1"
    window = f"first{form.planes}_k{kh}x{kw}{window}" if form.planes else window
    return Kernel(
        f"qconv_{kind}_chains{form.turn}_{window}_c4_p{form.p}x2{tail}{epilogue_suffix(epilogue)}",
        "qconv/gemm/gemm_acc16.c.j2",
        tuple(operands),
        tuple((name, "int32_t") for name in (_WINDOWS + ROW_FIELDS if form.windows else _FIELDS)),
        tuple(sorted(params.items())),
        ("int8_acc16", "rescale" if epilogue["rescale"] else "requant"),
    )


def _strip(conv: QConv, form: Form) -> int:
    """Pixels, in whole tiles, whose inputs take no more memory than a quarter of the weights, or a tile."""
    blocks, groups = form.blocks(conv), -(-conv.channels[1] // 4)
    tiles = min(4 * blocks * groups, _STRIP) // (4 * blocks * form.p)
    return form.p * max(1, min(tiles, -(-at_max_sizes(form.pixels(conv)) // form.p)))


def _rows(conv: QConv, form: Form) -> Rows | None:
    c, blocks = (1, form.planes) if form.planes else (4, -(-conv.channels[0] // 4))
    return rows_of(conv, c, blocks) if form.windows else None


def _scratch(conv: QConv, form: Form) -> list[int]:
    """Bytes of what the kernel calls strip and ring."""
    rows, places = _rows(conv, form), _strip(conv, form) + (form.tail == 1)  # the last pixel lies there twice
    return [4 * form.blocks(conv) * places + _SLACK, *([rows.nbytes] if rows else [])]


def _build(conv: QConv, target: Target, form: Form, node: Node) -> list[Call]:
    x, blocks, rows = node.inputs[0], form.blocks(conv), _rows(conv, form)
    n, ic, h, w = conv.geo.x
    packed = cache(partial(pack, node, conv, form))
    xb, groups = form.planes or -(-ic // 4), -(-conv.channels[1] // 4)
    operands: list[Operand] = [
        x,
        Const(lambda: packed()[0]),
        Const(partial(_bias, node, conv, form.less)),
        Const(partial(numbers, node, conv.z, signed_zero(x))),
        Const(lambda: packed()[1]),
        Const(lambda: packed()[2]),
        *factor_constants(node, conv.geo.output[1], 4 * groups, 4),
        *([node.inputs[3]] if conv.z is not None else []),
        node.output,
        *map(Workspace, _scratch(conv, form)),
    ]
    image = (h, w, *conv.geo.output[2:], xb) if rows else (conv.pixels,)
    sizes: list[Number] = [n, *image, blocks, groups, _strip(conv, form), lambda: packed()[1].size - _BEHIND]
    sizes += rows.args if rows else ()
    partition = partition_of(conv, "groups", 4, {"b": 64, "skip": 4})
    return [Call(kernel(node, conv, target, form), tuple(operands), tuple(sizes), partition=partition)]


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """One group of channels, at least four pixels."""
    x, (ipg, _) = node.inputs[0], conv.channels
    if not target.facts.int8.acc16_tiles or conv.groups > 1:
        return
    form = Form(0, 1, 64 if is_positive(x) else 0)
    if not conv.is_pointwise or flip_of(x):
        form = replace(form, windows=True)
    if lower_bound(form.pixels(conv)) < 4:
        return
    for planes in (ipg, 0) if form.windows and _are_planes(conv) else (0,):
        for each in _forms(target, conv, replace(form, planes=planes, less=0 if planes else form.less)):
            yield _candidate(node, conv, target, each)


def _are_planes(conv: QConv) -> bool:
    """Whether inputs may come as planes: few, and taps without gaps."""
    window = conv.geo.window
    few = conv.channels[0] <= 4 and conv.taps <= _MOST_TAPS
    return few and window.dilate == (1, 1) and window.stride[1] <= 2


def _candidate(node: Node, conv: QConv, target: Target, form: Form) -> Candidate:
    n, blocks, pixels = conv.geo.x[0], form.blocks(conv), form.pixels(conv)
    instructions = 2 * -(-conv.channels[1] // 4) * _cost(pixels, form, blocks) + pixels * blocks * 0.7
    if form.windows:
        instructions = conv.geo.output[2] * (instructions + 40) + Rows.cost(conv) / n
    return Candidate(
        partial(_build, conv, target, form),
        n * instructions,
        tuple(1 if v.is_const or (form.planes and v is node.inputs[0]) else 4 for v in node.inputs),
        (4,),
        int(700 + 10 * form.turn * (form.p + form.tail) + 30 * form.p + 200 * form.windows),
        why=f"tiles of {form.p} pixels x 2 channels, turns of {form.turn} input blocks in 16 bits",
        scratch=at_max_sizes(sum(_scratch(conv, form))),
        weights=_more(conv, form),
    )


def _forms(target: Target, conv: QConv, form: Form) -> Iterator[Form]:
    """For the turns that leave no block over, or the two cheapest, the best width, with and without a smaller tile."""
    found = []
    pixels, tails = form.pixels(conv), _TAILS if not form.planes else _TAILS[1:]
    for turn in _TURNS:
        each = replace(form, turn=turn)
        blocks = each.blocks(conv)
        if not form.windows and blocks != form.blocks(conv):
            continue
        alternatives = [
            replace(each, p=p, tail=_tail(pixels, p, tails))
            for p in target.facts.int8.acc16_tiles
            if p <= lower_bound(pixels)
        ]
        found.append(
            min(
                (_cost(at_max_sizes(pixels), alternative, blocks), i, alternative)
                for i, alternative in enumerate(alternatives)
            )[::2]
        )
    for _, best in sorted(found, key=lambda pair: pair[0])[: 2 if form.windows else None]:
        yield best
        if best.tail and not form.windows:
            yield replace(best, tail=0)
        if best.p > _LEAST and form.windows:
            yield replace(best, p=_LEAST, tail=0)
