"""Fully connected layers, as 1x1 convolutions of one pixel, two outputs in a word of weights (gemm_pairs_row.c.j2)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, Param, Workspace
from mgecc.kernels.qconv.gemm.gemm_pairs import Way, biases, is_exact, pack
from mgecc.kernels.qconv.geometry import QConv, flip_of, signed_zero
from mgecc.kernels.requant import (
    epilogue_params,
    epilogue_suffix,
    numbers,
    rescale_operand,
    with_known_factor,
)
from mgecc.kernels.rescale import factor_constants
from mgecc.targets import Target

_FIELDS = ("n", "xb", "yb")
_OUTPUTS = 8


def kernel(node: Node, conv: QConv, target: Target) -> Kernel:
    epilogue = with_known_factor(node, conv.z, epilogue_params(node, target, conv.z))
    params: dict[str, Param] = {"flip": flip_of(node.inputs[0]), **epilogue}
    operands = [
        ("x", "const int8_t *"),
        ("w", "const int32_t *"),
        ("b", "const int32_t *"),
        ("q", "const float *"),
        *rescale_operand(epilogue),
        *([("z", "const int8_t *")] * (conv.z is not None)),
        ("y", "int8_t *"),
        ("window", "int32_t *"),
    ]
    return Kernel(
        f"qconv_{'u8' if params['flip'] else 's8'}_pairs_k1s1_c4_p1x8{epilogue_suffix(epilogue)}",
        "qconv/gemm/gemm_pairs_row.c.j2",
        tuple(operands),
        tuple((name, "int32_t") for name in _FIELDS),
        tuple(sorted(params.items())),
        ("int8_pairs", "rescale" if epilogue["rescale"] else "requant"),
    )


def _filled(array: np.ndarray) -> np.ndarray:
    """With pairs of zeros to a multiple of four pairs."""
    return np.concatenate([array, np.zeros((-len(array) % 4, *array.shape[1:]), array.dtype)])


def pack_row(node: Node, conv: QConv, target: Target) -> np.ndarray:
    """Weights int16 [four pairs][step][inputs 0, 2 and 1, 3][pair][two inputs], as ``gemm_pairs.pack`` has them."""
    pairs = _filled(pack(node, conv, Way(target, 0)))
    steps = pairs.shape[1]
    return np.ascontiguousarray(pairs.reshape(-1, 4, steps, 2, 2).transpose(0, 2, 3, 1, 4))


def _build(conv: QConv, target: Target, node: Node) -> list[Call]:
    x = node.inputs[0]
    n, ic = conv.geo.x[:2]
    operands: list[Operand] = [
        x,
        Const(partial(pack_row, node, conv, target)),
        Const(lambda: _filled(biases(node, conv))),
        Const(partial(numbers, node, conv.z, signed_zero(x))),
        *factor_constants(node, conv.geo.output[1], -(-conv.geo.output[1] // 4) * 4, 1),
        *([node.inputs[3]] if conv.z is not None else []),
        node.output,
        Workspace(8 * -(-ic // 4)),
    ]
    return [Call(kernel(node, conv, target), tuple(operands), (n, -(-ic // 4), -(-conv.geo.output[1] // 4)))]


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """1x1 convolutions of images of one pixel."""
    if not target.facts.int8.dual_madd or target.block_of("qint8") != 4 or conv.groups > 1:
        return
    if not conv.is_pointwise or conv.pixels != 1 or not is_exact(node):
        return
    steps, outs = -(-conv.channels[0] // 4), -(-conv.channels[1] // _OUTPUTS)
    yield Candidate(
        partial(_build, conv, target),
        conv.geo.x[0] * (14 * steps + outs * (33 * steps + 130)),
        tuple(1 if v.is_const else 4 for v in node.inputs),
        (4,),
        700,
        why="8 channels of a pixel, two in a word",
        scratch=8 * steps,
    )
