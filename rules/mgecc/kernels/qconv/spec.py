"""Which quantised convolutions are served, by which templates."""

from __future__ import annotations

from collections.abc import Iterator

from mgecc.graph import Node
from mgecc.kernels.base import Candidate, serves, ways
from mgecc.kernels.qconv import chains, depthwise, matrices, panels, plain, spans, taps, tile, windows
from mgecc.kernels.qconv.geometry import qconv_of
from mgecc.targets import Target

_DENSE = (panels, matrices, chains, tile)
_DEPTHWISE = (spans, windows, taps, depthwise)


@serves("ConvBias", "Convolution")
def convolutions(node: Node, target: Target) -> Iterator[Candidate]:
    """Every way that fits the node."""
    conv = qconv_of(node)
    families = _DEPTHWISE if conv is not None and conv.is_depthwise else _DENSE
    own = [family.candidates(node, conv, target) for family in families if conv is not None]
    yield from ways(*own, plain.candidates(node, target))


@serves("ConvolutionBackwardData")
def transposed(node: Node, target: Target) -> Iterator[Candidate]:
    """Transposed convolutions by their sums in rows."""
    yield from plain.transposed(node, target)


@serves("BatchConvBias")
def batched(node: Node, target: Target) -> Iterator[Candidate]:
    """Weights of its own for every batch item, by rows of sums."""
    yield from plain.batched(node, target)
