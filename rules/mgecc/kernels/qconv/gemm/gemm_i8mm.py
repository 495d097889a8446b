"""Quantised GEMM of 1x1 convolutions by SMMLA (gemm_i8mm.c.j2), on Arm with FEAT_I8MM.

SMMLA multiplies 2 x 8 by 8 x 2 int8 matrices into 2 x 2 int32 accumulators (Arm Architecture Reference Manual).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, Param, Workspace
from mgecc.kernels.qconv.geometry import QConv, bias_of, flip_of, partition_of, signed_zero, weights_of
from mgecc.kernels.requant import epilogue_params, epilogue_suffix, numbers
from mgecc.targets import Target

_FIELDS = ("n", "pixels", "icb", "groups")
_PIXELS = (12, 10, 8, 6, 4, 2)
_TAILS = (0, 1, 2)  # beside whole fours: how many pixels can be loaded


def _tail(pixels: int, p: int) -> int:
    """Pixels behind the last whole tile, if the kernel has a tile of their number."""
    rest = pixels % p
    return rest if rest % 4 in _TAILS else 0


def _step_cost(p: int) -> float:
    """Instructions for eight inputs of so many pixels times eight outputs."""
    pairs = -(-p // 2)
    return 4 * pairs + -(-pairs // 3) + 3


def _cost(pixels: int, p: int) -> float:
    tail = _tail(pixels, p)
    return -(-(pixels - tail) // p) * _step_cost(p) + (_step_cost(tail) if tail else 0)


def _width(conv: QConv) -> int:
    return min((p for p in _PIXELS if p <= conv.pixels), key=lambda p: _cost(conv.pixels, p))


def _steps(conv: QConv) -> int:
    return -(-conv.channels[0] // 8)


def kernel(node: Node, conv: QConv, target: Target, compact: bool) -> Kernel:
    """``compact``: one step a turn and no smaller tile for the rest of an image, which more layers can share."""
    p, epilogue, flip = _width(conv), epilogue_params(node, target, conv.z), flip_of(node.inputs[0])
    tail, u = (
        (0, 1) if compact else (_tail(conv.pixels, p), next(u for u in (4, 2, 1) if _steps(conv) % u == 0))
    )
    params: dict[str, Param] = {"flip": flip, "p": p, "tail": tail, "u": u, **epilogue}
    operands = [
        *(("x", "const int8_t *"), ("w", "const int8_t *"), ("b", "const int32_t *"), ("q", "const float *")),
        *[("z", "const int8_t *")] * (conv.z is not None),
        *(("y", "int8_t *"), ("panel", "int8_t *")),
    ]
    turn = (f"and{tail}" if tail else "") + (f"u{u}" if u > 1 else "")
    return Kernel(
        f"qconv_{'u8' if flip else 's8'}mm_tile_k1s1_c4_p{p}x2{turn}{epilogue_suffix(epilogue)}",
        "qconv/gemm/gemm_i8mm.c.j2",
        tuple(operands),
        tuple((name, "int32_t") for name in _FIELDS),
        tuple(sorted(params.items())),
        ("int8_mm", "requant"),
    )


def pack(node: Node, conv: QConv) -> np.ndarray:
    """Weights [group of 8][eight inputs][pair of outputs][2 x 8]."""
    inner, out = conv.channels
    full = np.zeros((-(-out // 8) * 8, _steps(conv) * 8), np.int8)
    full[:out, :inner] = weights_of(node).reshape(out, inner)
    return np.ascontiguousarray(full.reshape(-1, 4, 2, _steps(conv), 8).transpose(0, 3, 1, 2, 4))


def _bias(node: Node, conv: QConv) -> np.ndarray:
    pairs = bias_of(node, 0, -(-conv.channels[1] // 8) * 8).reshape(-1, 1, 2)
    return np.ascontiguousarray(np.tile(pairs, (1, 2, 1)))


def _build(conv: QConv, target: Target, compact: bool, node: Node) -> list[Call]:
    x, groups = node.inputs[0], -(-conv.channels[1] // 8)
    operands: list[Operand] = [
        x,
        Const(partial(pack, node, conv)),
        Const(partial(_bias, node, conv)),
        Const(partial(numbers, node, conv.z, signed_zero(x))),
        *([node.inputs[3]] if conv.z is not None else []),
        node.output,
        Workspace(_steps(conv) * 16 * -(-_width(conv) // 2)),
    ]
    sizes = (conv.geo.x[0], conv.pixels, -(-conv.channels[0] // 4), groups)
    partition = partition_of(conv, "groups", 8, {"w": _steps(conv) * 64, "b": 64})
    return [Call(kernel(node, conv, target, compact), tuple(operands), sizes, partition=partition)]


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """One tap on every pixel, whole groups of eight outputs."""
    blocks = -(-conv.channels[1] // 4)
    if (
        not target.facts.int8.mmla
        or conv.groups > 1
        or not conv.is_pointwise
        or blocks % 2
        or conv.pixels < 2
    ):
        return
    p, steps, pixels = _width(conv), _steps(conv), conv.pixels
    for compact in (False, True):
        tiles = -(-pixels // p)
        cost = tiles * (_step_cost(p) + 1.5) if compact else _cost(pixels, p)
        products = blocks / 2 * (cost * steps + tiles * (8.5 * p + 25))
        yield Candidate(
            partial(_build, conv, target, compact),
            conv.geo.x[0] * (products + tiles * steps * (1.5 * p + 4)),
            tuple(1 if v.is_const else 4 for v in node.inputs),
            (4,),
            int(600 + 4 * ((1 if compact else 4) * _step_cost(p) + 9 * p)),
            why=f"tiles of {p} pixels x 8 channels, products of matrices",
        )
