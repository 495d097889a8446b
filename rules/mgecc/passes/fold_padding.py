"""Fold zero padding in front of a convolution into the convolution's own padding."""

from __future__ import annotations

from dataclasses import replace

from mgecc.graph import Graph, Node
from mgecc.ops.convolution import ConvBiasAttrs
from mgecc.ops.padding import PaddingAttrs
from mgecc.ops.window import Ends


def _sides(node: Node) -> tuple[Ends, ...] | None:
    """Ends of (h, w) of a Padding node that only widens images with zeros."""
    attrs = node.attributes(PaddingAttrs)
    widens = attrs.is_zeros and len(attrs.padding) == 4 and not any(map(any, attrs.padding[:2]))
    return attrs.padding[2:] if widens else None


def _has_real_zero(node: Node) -> bool:
    """Whether zeros of the padding are what convolutions pad with: of quantised data, their zero point."""
    dtype = node.inputs[0].type.dtype
    return dtype.is_float or dtype.is_quantized


def run(graph: Graph) -> None:
    for node in graph.nodes:
        before = node.inputs[0].producer if node.op == "ConvBias" else None
        if before is None or before.op != "Padding":
            continue
        attrs, sides = node.attributes(ConvBiasAttrs), _sides(before)
        if sides is not None and _has_real_zero(node):
            own = zip(attrs.padding, sides)
            node.attrs = replace(attrs, padding=tuple((a + c, b + d) for (a, b), (c, d) in own))
            node.inputs = [before.inputs[0], *node.inputs[1:]]
    graph.sweep()
