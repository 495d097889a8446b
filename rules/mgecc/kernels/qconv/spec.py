"""Which quantised convolutions are served, by which templates."""

from __future__ import annotations

from collections.abc import Iterator

from mgecc.graph import Node
from mgecc.kernels.base import Candidate, serves
from mgecc.kernels.qconv import chains, depthwise, matrices, panels, plain, spans, taps, tile, windows
from mgecc.kernels.qconv.geometry import qconv_of
from mgecc.targets import Target


@serves("ConvBias", "Convolution")
def convolutions(node: Node, target: Target) -> Iterator[Candidate]:
    """Every way that fits the node."""
    conv = qconv_of(node)
    if conv is not None and conv.is_depthwise:
        yield from spans.candidates(node, conv, target)
        yield from windows.candidates(node, conv, target)
        yield from taps.candidates(node, conv, target)
        yield from depthwise.candidates(node, conv, target)
    elif conv is not None:
        yield from panels.candidates(node, conv, target)
        yield from matrices.candidates(node, conv, target)
        yield from chains.candidates(node, conv, target)
        yield from tile.candidates(node, conv, target)
    yield from plain.candidates(node, target)


@serves("ConvolutionBackwardData")
def transposed(node: Node, target: Target) -> Iterator[Candidate]:
    """Transposed convolutions by their sums in rows."""
    yield from plain.transposed(node, target)


@serves("BatchConvBias")
def batched(node: Node, target: Target) -> Iterator[Candidate]:
    """Weights of its own for every batch item, by rows of sums."""
    yield from plain.batched(node, target)
