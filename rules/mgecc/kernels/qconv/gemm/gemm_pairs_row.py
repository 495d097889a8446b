"""Fully connected layers, as 1x1 convolutions of one pixel (gemm_pairs_row.c.j2), for cores without vectors.

SMLAD multiplies two outputs in a word of weights; cores without it make one product at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Param
from mgecc.kernels.qconv.gemm.gemm_pairs import Way, biases, is_exact, pack
from mgecc.kernels.qconv.geometry import QConv, bias_of
from mgecc.kernels.qconv.packed import has_smlad, has_swar
from mgecc.targets import Target

_FIELDS = ("n", "xb", "yb")
_OUTPUTS = 8


def kernel(node: Node, conv: QConv, target: Target) -> Kernel:
    way = Way(target, 0)
    template, form = "gemm/gemm_pairs_row.c.j2", f"{'swar' if way.swar else 'pairs'}_k1s1_c4_p1x8"
    params: dict[str, Param] = {"swar": way.swar}
    scratch = [("window", "int32_t *")]
    return way.instruction.kernel(node, conv, target, template, form, params, _FIELDS, scratch)


def _filled(array: np.ndarray) -> np.ndarray:
    """With pairs of zeros to a multiple of four pairs."""
    return np.concatenate([array, np.zeros((-len(array) % 4, *array.shape[1:]), array.dtype)])


def pack_row(node: Node, conv: QConv, target: Target) -> np.ndarray:
    """Weights int16 [four pairs][step][inputs 0, 2 and 1, 3][pair][two inputs], as ``gemm_pairs.pack`` has them;
    without SMLAD int8 [8 outputs][input][output]."""
    filled = _filled(pack(node, conv, Way(target, 0)))
    if Way(target, 0).swar:
        inputs = filled.reshape(len(filled), -1, 2)
        return np.ascontiguousarray(inputs.reshape(-1, 4, *inputs.shape[1:]).transpose(0, 2, 1, 3))
    steps = filled.shape[1]
    return np.ascontiguousarray(filled.reshape(-1, 4, steps, 2, 2).transpose(0, 2, 3, 1, 4))


def _build(conv: QConv, target: Target, node: Node) -> list[Call]:
    n, ic = conv.geo.x[:2]
    blocks, out_blocks = -(-ic // 4), -(-conv.geo.output[1] // 4)
    way, outs = Way(target, 0), -(-conv.geo.output[1] // _OUTPUTS) * _OUTPUTS
    weights = Const(partial(pack_row, node, conv, target))
    bias = Const(partial(bias_of, node, 0, outs) if way.swar else lambda: _filled(biases(node, conv)))
    operands = way.instruction.operands(node, conv, weights, bias, (16 if way.swar else 8) * blocks)
    return [Call(kernel(node, conv, target), operands, (n, blocks, out_blocks))]


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """1x1 convolutions of images of one pixel."""
    if not (has_smlad(target) or has_swar(target)) or conv.groups > 1:
        return
    if not conv.is_pointwise or conv.pixels != 1 or not is_exact(node):
        return
    steps, outs, swar = -(-conv.channels[0] // 4), -(-conv.channels[1] // _OUTPUTS), has_swar(target)
    yield Candidate(
        partial(_build, conv, target),
        conv.geo.x[0] * (14 * steps + outs * ((70 if swar else 33) * steps + 130)),
        tuple(1 if v.is_const else 4 for v in node.inputs),
        (4,),
        700,
        why="8 channels of a pixel" if swar else "8 channels of a pixel, two in a word",
        scratch=(16 if swar else 8) * steps,
    )
