"""Which convolutions are served, by which templates."""

from __future__ import annotations

from collections.abc import Iterator

from mgecc.graph import Node
from mgecc.kernels.base import Candidate, offers, serves
from mgecc.kernels.conv import generic
from mgecc.kernels.conv.depthwise import depthwise
from mgecc.kernels.conv.direct import direct, first_layer
from mgecc.kernels.conv.gemm import im2col
from mgecc.kernels.conv.geometry import conv_of
from mgecc.kernels.conv.winograd import winograd
from mgecc.targets import Target

_IMPLEMENTATIONS = (
    depthwise.candidates,
    first_layer.candidates,
    direct.candidates,
    im2col.candidates,
    winograd.candidates,
    generic.candidates,
)


@serves("ConvBias", "Convolution")
def convolutions(node: Node, target: Target) -> Iterator[Candidate]:
    """Every implementation that fits the node; weights that the model computes are read as they lie."""
    conv = conv_of(node, target)
    if conv is not None:
        found = _IMPLEMENTATIONS if node.inputs[1].is_const else (generic.candidates,)
        yield from offers(*(implementation(node, conv, target) for implementation in found))
