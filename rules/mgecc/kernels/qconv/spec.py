"""Which quantised convolutions are served, by which templates."""

from __future__ import annotations

from collections.abc import Iterator

from mgecc.graph import Node
from mgecc.kernels.base import Candidate, offers, serves
from mgecc.kernels.qconv import generic
from mgecc.kernels.qconv.depthwise import dw_acc16, dw_dot, dw_generic, dw_pairs, dw_steps, dw_swar, dw_vnni
from mgecc.kernels.qconv.gemm import (
    gemm_acc16,
    gemm_amx,
    gemm_dot,
    gemm_i8mm,
    gemm_pairs,
    gemm_pairs_row,
    gemm_steps,
)
from mgecc.kernels.qconv.geometry import qconv_of
from mgecc.ops.rescale import rescale_of
from mgecc.targets import Target

# With a way of their own from sums to bytes; fixed-point factors of channels (Rescale) end the others alone.
_WITHOUT_FACTORS = (gemm_amx, gemm_i8mm)
_DENSE = (gemm_amx, gemm_i8mm, gemm_acc16, gemm_pairs, gemm_pairs_row, gemm_steps, gemm_dot)
_DEPTHWISE = (dw_vnni, dw_dot, dw_acc16, dw_pairs, dw_swar, dw_steps, dw_generic)


@serves("ConvBias", "Convolution")
def convolutions(node: Node, target: Target) -> Iterator[Candidate]:
    """Every implementation that fits the node."""
    conv = qconv_of(node)
    families = _DEPTHWISE if conv is not None and conv.is_depthwise else _DENSE
    left_out = () if rescale_of(node) is None else _WITHOUT_FACTORS
    fit = [family for family in families if conv is not None and family not in left_out]
    own = [family.candidates(node, conv, target) for family in fit if conv is not None]
    yield from offers(*own, generic.candidates(node, target))


@serves("ConvolutionBackwardData")
def transposed(node: Node, target: Target) -> Iterator[Candidate]:
    """Transposed convolutions by their sums in rows."""
    yield from generic.transposed(node, target)


@serves("BatchConvBias")
def batched(node: Node, target: Target) -> Iterator[Candidate]:
    """Weights of its own for every batch item, by rows of sums."""
    yield from generic.batched(node, target)
