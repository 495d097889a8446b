"""Padding with zeros in front of a convolution is the convolution's own padding."""

from __future__ import annotations

from mgecc.graph import Graph, Node

Sides = tuple[int, int, int, int]


def _sides(node: Node) -> Sides | None:
    """(top, bottom, left, right) of a Padding node that only widens images with zeros."""
    attrs = node.attrs
    if attrs["padding_mode"] != "CONSTANT" or attrs["padding_val"] != 0 or len(node.output.shape) != 4:
        return None
    front, back = ([attrs[f"{end}_offset_dim{axis}"] for axis in range(7)] for end in ("front", "back"))
    if any((*front[:2], *front[4:], *back[:2], *back[4:])):
        return None
    return front[2], back[2], front[3], back[3]


def own_padding(node: Node) -> Sides:
    """Padding of a convolution or pooling node, whichever way it is written."""
    attrs = node.attrs
    if "pad" in attrs:
        return tuple(attrs["pad"])
    return attrs["pad_h"], attrs["pad_h"], attrs["pad_w"], attrs["pad_w"]


def run(graph: Graph) -> None:
    for node in graph.nodes:
        before = node.inputs[0].producer if node.op == "ConvBias" else None
        if before is None or before.op != "Padding" or node.attrs.get("format", "NCHW") != "NCHW":
            continue
        sides = _sides(before)
        if sides is not None and node.inputs[0].type.dtype.is_float:
            node.attrs = dict(node.attrs, pad=tuple(a + b for a, b in zip(own_padding(node), sides)))
            node.inputs = [before.inputs[0], *node.inputs[1:]]
    graph.sweep()
