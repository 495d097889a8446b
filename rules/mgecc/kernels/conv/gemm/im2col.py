"""Convolution as im2col + GEMM, one cache block of pixels at a time (im2col.c.j2).

im2col: Chellapilla, Puri and Simard 2006, "High Performance Convolutional Neural Networks for Document Processing". The
inputs of a block of pixels are gathered into a packed panel, which all weights then multiply (Goto and van de Geijn
2008, "Anatomy of High-Performance Matrix Multiplication").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.graph.symbolic import at_max_sizes
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Param
from mgecc.kernels.conv.direct.direct import Tile, rounds_of, tiles_for
from mgecc.kernels.conv.gemm import cache_block
from mgecc.kernels.conv.gemm.prefetch import prefetch_lines, prefetch_suffix
from mgecc.kernels.conv.geometry import Conv, weights_of

_FIELDS = (
    "n",
    "xb",
    "yb",
    "h",
    "w",
    "oh",
    "ow",
    "kh",
    "kw",
    "sh",
    "sw",
    "dh",
    "dw",
    "pt",
    "pl",
    "strip",
    "groups",
)


@dataclass(frozen=True)
class Plan:
    """One convolution by tiles; ``cache_block``: pixels at a time, a multiple of ``tile.p``."""

    conv: Conv
    tile: Tile
    cache_block: int

    @property
    def rounds(self) -> int:
        return self.conv.taps * -(-self.conv.ic // self.tile.c)

    @property
    def groups(self) -> int:
        return -(-self.conv.oc // (self.tile.c * self.tile.j))

    @property
    def scratch(self) -> int:
        """Bytes of gathered inputs."""
        return self.rounds * self.cache_block * self.tile.c * self.conv.element.size

    @property
    def weights(self) -> int:
        """Bytes of packed weights."""
        return self.groups * self.rounds * self.tile.j * self.tile.c**2 * self.conv.element.size


def kernel(plan: Plan) -> Kernel:
    conv, tile, element = plan.conv, plan.tile, plan.conv.element
    operands = [("x", element.const), ("w", conv.weights.ctype), ("b", element.const)]
    operands += [("z", element.const)] * conv.has_z + [("v", element.pointer), ("y", element.pointer)]
    prefetch = prefetch_lines(conv, tile.p, tile.j, plan.cache_block // tile.p)
    params: dict[str, Param] = {
        "activation": conv.activation.kind, "c": tile.c, "j": tile.j, "load_accumulators": tile.load_accumulators,
        "multi_load": tile.simd.multi_load, "p": tile.p, "prefetch": prefetch, "u": tile.u,
        "weight_stationary": tile.weight_stationary, "wtype": conv.weights.name, "xl": element.xl, "z": conv.has_z,
    }  # fmt: skip
    suffix = conv.weights.suffix + prefetch_suffix(prefetch) + "_add" * conv.has_z + conv.activation.suffix
    return Kernel(
        f"conv_{element.name}_gather_c{tile.c}_p{tile.p}x{tile.j}u{tile.u}{suffix}",
        "conv/gemm/im2col.c.j2",
        tuple(operands),
        (*((name, "int32_t") for name in _FIELDS), *conv.activation.fields),
        tuple(sorted(params.items())),
        conv.needs,
        half=element.half,
    )


def pack(node: Node, plan: Plan) -> np.ndarray:
    """[group][tap][input block][lane][j * c], zeros past the last channels."""
    w, c, width = weights_of(node)[0], plan.tile.c, plan.tile.j * plan.tile.c
    blocks = -(-w.shape[1] // c)
    full = np.zeros((plan.groups * width, blocks * c, plan.conv.taps), np.float32)
    full[: w.shape[0], : w.shape[1]] = w.reshape(*w.shape[:2], plan.conv.taps)
    grouped = full.reshape(plan.groups, width, blocks, c, plan.conv.taps)
    return plan.conv.weights.stored(np.ascontiguousarray(grouped.transpose(0, 4, 2, 3, 1)))


def _build(plan: Plan, node: Node) -> list[Call]:
    conv, c = plan.conv, plan.tile.c
    weights, numbers = Const(partial(pack, node, plan)), {"xb": -(-conv.ic // c), "yb": -(-conv.oc // c)}
    packed = plan.rounds * plan.tile.j * c**2 * conv.weights.size
    return [cache_block.call(kernel(plan), plan, node, weights, _FIELDS, numbers, packed)]


def _cost(plan: Plan) -> float:
    conv, tile, pixels = plan.conv, plan.tile, at_max_sizes(plan.conv.pixels)
    blocks = plan.rounds / conv.taps
    gather = conv.n * pixels * (conv.taps * (32 + 5 * blocks) + 20)
    each = plan.rounds * tile.step_cost + tile.p * tile.j * (3.5 + conv.activation.cost + conv.has_z) + 25
    # Wide cores take the branches of borders along, but not more loads and stores.
    extra = tile.simd.gather_cost
    compute = gather + conv.n * plan.groups * -(-pixels // tile.p) * each
    return cache_block.cost(
        extra * compute, plan.weights, conv.n * -(-at_max_sizes(conv.pixels) // plan.cache_block)
    )


def candidates(node: Node, conv: Conv, _: object) -> Iterator[Candidate]:
    """Every window of more than one input; the scratch memory grows with it."""
    c = conv.element.block
    if conv.element.half or c == 1 or c != conv.element.lanes or conv.groups != 1 or conv.is_pointwise:
        return
    blocks = -(-conv.ic // c)
    tile = tiles_for(conv, conv.pixels, -(-conv.oc // c))[0]
    for u in sorted({1, rounds_of(conv.element, blocks * conv.taps)}):
        plan = Plan(conv, replace(tile, u=u), tile.p)
        count = cache_block.tiles_in_block(
            plan.scratch, plan.weights, -(-at_max_sizes(conv.pixels) // tile.p)
        )
        plan = replace(plan, cache_block=tile.p * count)
        yield Candidate(
            partial(_build, plan),
            _cost(plan),
            tuple(c if not v.is_const else 1 for v in node.inputs),
            (c,),
            600 + int(4 * tile.step_cost * u) + int(4 * tile.p * tile.j * (4 + conv.activation.cost)),
            (3,) if conv.has_z else (),
            why=f"gathered inputs, {plan.cache_block} pixels at a time, "
            f"tiles of {tile.p} pixels x {tile.j * c} channels",
            scratch=plan.scratch,
        )
