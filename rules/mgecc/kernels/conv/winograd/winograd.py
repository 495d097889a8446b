"""Winograd convolution F(m x m, 3 x 3) of stride 1 (winograd.c.j2).

Lavin and Gray 2015, "Fast Algorithms for Convolutional Neural Networks" (arXiv:1509.09308): transform tiles of inputs,
multiply with transformed weights as one GEMM for each place of a tile, transform back. Transforms are in cook_toom.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from mgecc.graph import Node
from mgecc.graph.symbolic import at_max_sizes, sym_max
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Param
from mgecc.kernels.conv.direct.direct import Tile, rounds_of, tiles_for
from mgecc.kernels.conv.gemm import cache_block
from mgecc.kernels.conv.gemm.prefetch import prefetch_lines, prefetch_suffix
from mgecc.kernels.conv.geometry import Conv, weights_of
from mgecc.kernels.conv.winograd import cook_toom
from mgecc.targets import Target

_FIELDS = ("n", "xb", "yb", "h", "w", "oh", "ow", "th", "tw", "pt", "pl", "strip", "groups")


@dataclass(frozen=True)
class Plan:
    """F(m x m, 3 x 3) of one convolution; ``cache_block``: tiles at a time, a multiple of ``tile.p``."""

    conv: Conv
    m: int
    tile: Tile
    cache_block: int

    @property
    def t(self) -> int:
        return self.m + 2

    @property
    def places(self) -> int:
        return self.t * self.t

    @property
    def down(self) -> int:
        return -(-self.conv.oh // self.m)

    @property
    def across(self) -> int:
        return -(-self.conv.ow // self.m)

    @property
    def tiles(self) -> int:
        return self.conv.n * self.down * self.across

    @property
    def blocks(self) -> tuple[int, int]:
        """Channel blocks of input and output."""
        return -(-self.conv.ic // self.tile.c), -(-self.conv.oc // self.tile.c)

    @property
    def groups(self) -> int:
        return -(-self.blocks[1] // self.tile.j)

    @property
    def weights(self) -> int:
        """Bytes of transformed weights."""
        return self.groups * self.places * self.blocks[0] * self.tile.c**2 * self.tile.j * 4

    @property
    def scratch(self) -> int:
        """Bytes of transformed inputs, products and a tile at the border."""
        return self.places * ((self.blocks[0] + self.tile.j) * self.cache_block + 1) * self.tile.c * 4

    @property
    def steps(self) -> tuple[tuple[cook_toom.Step, ...], tuple[cook_toom.Step, ...]]:
        return _steps(self.m, self.t)


@cache
def _steps(m: int, t: int) -> tuple[tuple[cook_toom.Step, ...], tuple[cook_toom.Step, ...]]:
    """The transforms of a row or column of t inputs and of t products."""
    names = [f"d{i}" for i in range(t)]
    return cook_toom.inputs(cook_toom.POINTS[m], names, "v"), cook_toom.outputs(
        cook_toom.POINTS[m], m, names, "v"
    )


def kernel(plan: Plan) -> Kernel:
    conv, tile = plan.conv, plan.tile
    inward, outward = plan.steps
    prefetch = prefetch_lines(conv, tile.p, tile.j, plan.cache_block // tile.p)
    params: dict[str, Param] = {
        "activation": conv.activation.kind, "c": tile.c, "inward": inward, "j": tile.j,
        "load_accumulators": tile.load_accumulators, "m": plan.m, "multi_load": tile.simd.multi_load,
        "outward": outward, "p": tile.p, "prefetch": prefetch, "u": tile.u,
        "weight_stationary": tile.weight_stationary, "wtype": "f32", "xl": tile.element.xl, "z": conv.has_z,
    }  # fmt: skip
    operands = [(name, "const float *") for name in ("x", "w", "b", *(["z"] if conv.has_z else []))]
    operands += [(name, "float *") for name in ("v", "y")]
    suffix = prefetch_suffix(prefetch) + "_add" * conv.has_z + conv.activation.suffix
    return Kernel(
        f"conv_f32_winograd{plan.m}_c{tile.c}_p{tile.p}x{tile.j}u{tile.u}{suffix}",
        "conv/winograd/winograd.c.j2",
        tuple(operands),
        (*((name, "int32_t") for name in _FIELDS), *conv.activation.fields),
        tuple(sorted(params.items())),
        conv.needs,
    )


def pack(node: Node, plan: Plan) -> np.ndarray:
    """Transformed weights: [group][place][input block][lane][j * c]. Sums in a fixed order, in float64."""
    w = weights_of(node)[0].astype(np.float64)
    c, j, t = plan.tile.c, plan.tile.j, plan.t
    g = [[float(v) for v in row] for row in cook_toom.filters(cook_toom.POINTS[plan.m], 3)]
    rows = np.stack([sum(w[:, :, k] * r[k] for k in range(3)) for r in g], 2)
    both = np.stack([sum(rows[..., k] * r[k] for k in range(3)) for r in g], 3)
    full = np.zeros((plan.groups * j * c, plan.blocks[0] * c, t, t), np.float32)
    full[: w.shape[0], : w.shape[1]] = both
    grouped = full.reshape(plan.groups, j * c, plan.blocks[0], c, plan.places)
    return np.ascontiguousarray(grouped.transpose(0, 4, 2, 3, 1))


def _build(plan: Plan, node: Node) -> list[Call]:
    weights = Const(partial(pack, node, plan))
    numbers = {"xb": plan.blocks[0], "yb": plan.blocks[1], "th": plan.down, "tw": plan.across}
    packed = plan.weights // plan.groups
    return [cache_block.call(kernel(plan), plan, node, weights, _FIELDS, numbers, packed)]


def _transforms(plan: Plan) -> float:
    """Instructions to bring all tiles in and out; over what sums, loads and stores need, copies, addresses, borders."""
    t, m = plan.t, plan.m
    inward, outward = (cook_toom.operations(steps) for steps in plan.steps)
    enter = t * (3 * t + 2 * inward + 8)
    each = 1 + plan.conv.activation.cost + 2 * plan.conv.has_z
    leave = t * (t + outward + m + 4) + m * (t / 2 + outward + m * each + 4)
    return (
        plan.tile.simd.winograd_cost
        * at_max_sizes(plan.tiles)
        * (plan.blocks[0] * enter + plan.blocks[1] * leave)
    )


def _cost(plan: Plan) -> float:
    tile, tiles = plan.tile, at_max_sizes(plan.tiles)
    count = -(-tiles // plan.cache_block)
    sums = tile.p * tile.j * (1.0 if tile.simd.load_accumulators else 2.0)
    product = -(-tiles // tile.p) * (plan.blocks[0] * tile.step_cost + sums + 20) + count * (sums / 2 + 20)
    compute = plan.groups * plan.places * product + _transforms(plan)
    return cache_block.cost(compute, plan.weights, count)


def _plan(conv: Conv, m: int) -> Plan:
    tiles = conv.n * -(-conv.oh // m) * -(-conv.ow // m)
    tile = tiles_for(conv, tiles, -(-conv.oc // conv.element.block))[0]
    tile = replace(tile, u=rounds_of(conv.element, -(-conv.ic // conv.element.block)))
    one = Plan(conv, m, tile, tile.p)
    count = cache_block.tiles_in_block(one.scratch, one.weights, -(-at_max_sizes(tiles) // tile.p))
    return replace(one, cache_block=tile.p * count)


def candidates(node: Node, conv: Conv, target: Target) -> Iterator[Candidate]:
    """Every size of tiles that is not much larger than the image."""
    c, half = conv.element.block, conv.element.half or conv.weights.name != "f32"
    window = (conv.kh, conv.kw, conv.sh, conv.sw, conv.dh, conv.dw)
    if half or c == 1 or c != conv.element.lanes or conv.groups != 1 or window != (3, 3, 1, 1, 1, 1):
        return
    blocks = tuple(c if not v.is_const else 1 for v in node.inputs)
    for m in cook_toom.POINTS:
        if m > 2 and m >= 2 * at_max_sizes(sym_max(conv.oh, conv.ow)):
            continue
        plan = _plan(conv, m)
        yield Candidate(
            partial(_build, plan),
            _cost(plan),
            blocks,
            (c,),
            3000 + int(4 * plan.tile.step_cost * plan.tile.u),
            (3,) if conv.has_z else (),
            why=f"Winograd F({m} x {m}, 3 x 3), {plan.cache_block} tiles at a time",
            scratch=plan.scratch,
            weights=max(0, plan.weights - 4 * conv.oc * conv.ic * conv.taps),
        )
