"""Quantised 1x1 convolutions by chains of 16-bit sums (chains.c.j2), on Arm without dot product instructions.

A product of bytes has 15 bits with its sign, so that at least two fit a sum of 16 bits, and more where the weights are
small. Chains whose weights could overflow are split, at packing, into several with some weights zero in each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.graph.sizes import largest, smallest
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, Param
from mgecc.kernels.qconv.geometry import QConv, bias_of, flip_of, is_positive, parts, signed_zero, weights_of
from mgecc.kernels.requant import ending, ending_suffix, has_dot, numbers
from mgecc.targets import Target

_FIELDS = ("n", "pixels", "icb", "groups", "more")
_PIXELS = {"neon64": (12, 8, 4), "neon32": (4,)}
_TAILS = (1, 4)
# Input blocks of a chain, longest first, for inputs that are never negative and for others.
_CHAINS = {True: (8, 6, 4, 2), False: (6, 4, 2)}


def _fits(chain: np.ndarray, positive: bool) -> bool:
    """Whether no sum over a chain of weights (outputs, blocks, four) leaves 16 bits, whatever the inputs."""
    up, down = np.maximum(chain, 0).sum(axis=1), np.maximum(-chain, 0).sum(axis=1)
    if positive:
        return bool(127 * max(up.max(), down.max()) <= 32767)
    return bool(128 * (up + down).max() <= 32767)


def split(chain: np.ndarray, positive: bool) -> list[np.ndarray]:
    """The chain as a sum of chains that fit."""
    if _fits(chain, positive):
        return [chain]
    used = np.flatnonzero(chain.any(axis=(0, 2)))
    parts = []
    for blocks in (used[::2], used[1::2]):
        part = np.zeros_like(chain)
        part[:, blocks] = chain[:, blocks]
        parts += split(part, positive)
    return parts


def pack(node: Node, conv: QConv, chain: int, positive: bool) -> tuple[np.ndarray, np.ndarray]:
    """Weights [pair of outputs][chain][input block][output][four inputs], and what the kernel calls e."""
    inner, out = conv.channels
    full = np.zeros((-(-out // 4) * 4, -(-inner // 4) * 4), np.int8)
    full[:out, :inner] = weights_of(node).reshape(out, inner)
    pairs = full.reshape(len(full) // 2, 2, -1, chain, 4).transpose(0, 2, 1, 3, 4).astype(np.int32)
    weights, counts, blocks = [], [0], []
    for pair in pairs:
        parts = [split(each, positive) for each in pair]
        weights += [each[0] for each in parts] + [more for each in parts for more in each[1:]]
        blocks += [i * chain for i, each in enumerate(parts) for _ in each[1:]]
        counts.append(len(blocks))
    packed = np.array(weights, np.int8).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(packed), np.array([*counts, *blocks], np.int32)


def _bias(node: Node, conv: QConv) -> np.ndarray:
    bias = np.zeros((-(-conv.channels[1] // 4) * 4, 4), np.int32)
    bias[:, ::2] = bias_of(node, 0, len(bias))[:, None]
    bias[:, 2] = bias[:, 0]
    return bias


@dataclass(frozen=True)
class Form:
    """Tiles of ``p`` pixels, chains of ``chain`` input blocks, a tile for the last ``tail`` pixels of an image."""

    p: int
    chain: int
    tail: int = 0


def _tail(pixels: int, p: int) -> int:
    rest = pixels % p
    return rest if isinstance(rest, int) and rest in _TAILS else 0


def _tile_cost(p: int, chain: int) -> float:
    """Instructions for a chain of so many pixels times two outputs."""
    pairs = -(-p // 2)
    return chain * (2 * pairs + 1.5) + 2 * pairs + 2


def _cost(pixels: int, form: Form) -> float:
    rest = _tile_cost(form.tail, form.chain) if form.tail else 0
    return -(-(pixels - form.tail) // form.p) * _tile_cost(form.p, form.chain) + rest


def kernel(node: Node, conv: QConv, target: Target, form: Form) -> Kernel:
    end, tail = ending(node, target, conv.z), f"and{form.tail}" if form.tail else ""
    params: dict[str, Param] = {"chain": form.chain, "p": form.p, "tail": form.tail, **end}
    operands = [
        *(("x", "const int8_t *"), ("w", "const int8_t *"), ("b", "const int32_t *"), ("q", "const float *")),
        ("e", "const int32_t *"),
        *[("z", "const int8_t *")] * (conv.z is not None),
        ("y", "int8_t *"),
    ]
    return Kernel(
        f"qconv_s8_chains{form.chain}_k1s1_c4_p{form.p}x2{tail}{ending_suffix(end)}",
        "qconv/chains.c.j2",
        tuple(operands),
        tuple((name, "int32_t") for name in _FIELDS),
        tuple(sorted(params.items())),
        ("int8_chains", "requant"),
    )


def _build(conv: QConv, target: Target, form: Form, positive: bool, node: Node) -> list[Call]:
    x = node.inputs[0]
    operands: list[Operand] = [
        x,
        Const(lambda: pack(node, conv, form.chain, positive)[0]),
        Const(partial(_bias, node, conv)),
        Const(partial(numbers, node, conv.z, signed_zero(x))),
        Const(lambda: pack(node, conv, form.chain, positive)[1]),
        *([node.inputs[3]] if conv.z is not None else []),
        node.output,
    ]
    icb, groups = -(-conv.channels[0] // 4), -(-conv.channels[1] // 4)
    sizes = (conv.geo.x[0], conv.pixels, icb, groups, 2 * groups + 1)
    # The tables of two pairs of outputs go with a group; the list of blocks behind them comes nearer by as much.
    apart = parts(conv, "groups", 4, {"w": 16 * icb, "b": 64, "e": 8}, more=-2)
    return [Call(kernel(node, conv, target, form), tuple(operands), sizes, split=apart)]


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """One tap on every pixel of signed bytes, an even number of input blocks."""
    x, icb, pixels = node.inputs[0], -(-conv.channels[0] // 4), conv.pixels
    if target.isa not in _PIXELS or has_dot(target) or conv.groups > 1 or not conv.is_pointwise:
        return
    if flip_of(x) or icb % 2 or smallest(pixels) < 4:
        return
    positive = is_positive(x)
    groups = -(-conv.channels[1] // 4)
    for form in _forms(target, pixels, [length for length in _CHAINS[positive] if icb % length == 0]):
        tiles = pixels / form.p if form.tail else -(-pixels // form.p)
        products = 2 * (icb // form.chain) * _cost(pixels, form) + tiles * (7 * form.p + 30)
        yield Candidate(
            partial(_build, conv, target, form, positive),
            conv.geo.x[0] * groups * products,
            tuple(1 if v.is_const else 4 for v in node.inputs),
            (4,),
            int(500 + 5 * _tile_cost(form.p, form.chain) + 40 * form.p),
            why=f"tiles of {form.p} pixels x 2 channels, chains of {form.chain} products in 16 bits",
        )


def _forms(target: Target, pixels: int, lengths: list[int]) -> Iterator[Form]:
    """The best width with every length of chains, with and without a smaller tile for the rest of an image."""
    for chain in lengths:
        rivals = [Form(p, chain, _tail(pixels, p)) for p in _PIXELS[target.isa] if p <= smallest(pixels)]
        best = min(rivals, key=partial(_cost, largest(pixels)))
        yield best
        if best.tail:
            yield replace(best, tail=0)
