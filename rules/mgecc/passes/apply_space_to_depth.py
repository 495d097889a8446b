"""Apply space-to-depth to strided convolutions over raw audio: samples of a stride become channels.

The first layer of an audio network, y[o] = sum of w[k] x[s o + k], reads one channel: a block of channels would
be mostly empty. With q samples side by side as channels, q a divisor of s, it has a stride of s / q, a window of
k / q and full blocks. The copy costs an instruction or two a sample. SpaceToDepth is an operator of ONNX; here it is
applied to one axis.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import gcd

import numpy as np

from mgecc.graph import Graph, Node
from mgecc.ops.convolution import ConvBiasAttrs, Geometry, geometry
from mgecc.passes.axis_maps import reshape, transpose
from mgecc.passes.build import constant, node_like, take_over

_BLOCK = 16  # channels of the widest block; smaller ones divide it
_LEAST = 4
_SHORTEST = 16  # taps; kernels for few channels in plain layout serve shorter windows


@dataclass(frozen=True)
class SpaceToDepth:
    """``q`` samples a block, a window of ``taps`` blocks; ``ahead``: zeros before its weights; ``pad``: in blocks."""

    q: int
    taps: int
    ahead: int
    pad: tuple[int, int]


def _split(geo: Geometry, q: int) -> SpaceToDepth:
    window, width, results = geo.window, geo.x[3], geo.output[3]
    left, kernel = window.pad[1][0], window.kernel[1]
    ahead = -left % q
    taps, before = -(-(kernel + ahead) // q), (left + ahead) // q
    reach = (results - 1) * (window.stride[1] // q) + taps
    return SpaceToDepth(q, taps, ahead, (before, max(0, reach - before - width // q)))


def _results(geo: Geometry, blocks: SpaceToDepth) -> int:
    covered = sum(blocks.pad) + geo.x[3] // blocks.q - blocks.taps
    return int(covered // (geo.window.stride[1] // blocks.q) + 1)


def _space_to_depth(geo: Geometry) -> SpaceToDepth | None:
    """The split that adds fewest weights, of these the one with the fullest blocks."""
    width, step = geo.x[3], geo.window.stride[1]
    if not isinstance(width, int):
        return None
    common = gcd(width, step)
    found = [_split(geo, q) for q in range(_LEAST, common + 1, _LEAST) if common % q == 0]
    fitting = [blocks for blocks in found if _results(geo, blocks) == geo.output[3]]
    return min(fitting, key=lambda f: (f.taps * f.q, -gcd(f.q, _BLOCK), f.q), default=None)


def _signal(node: Node) -> Geometry | None:
    """A long window over one float signal along either axis, as one along the width; None for other nodes."""
    if node.op != "ConvBias" or node.attributes(ConvBiasAttrs).groups > 1:
        return None
    x, w = node.inputs[:2]
    if not x.type.dtype.is_float or w.const is None or w.shape[1] != 1:
        return None
    geo = geometry(node).in_rows
    window = geo.window
    is_row = geo.x[2] == 1 and window.kernel[0] == 1 and window.dilate[1] == 1 and not any(window.pad[0])
    return geo if is_row and window.kernel[1] >= _SHORTEST else None


def _weights(node: Node, blocks: SpaceToDepth) -> np.ndarray:
    """(oc, q, taps)"""
    w = node.inputs[1].const
    assert w is not None
    flat = w.reshape(w.shape[0], -1)
    behind = blocks.taps * blocks.q - blocks.ahead - flat.shape[1]
    full = np.pad(flat, ((0, 0), (blocks.ahead, behind)))
    return np.asarray(full.reshape(w.shape[0], blocks.taps, blocks.q).swapaxes(1, 2))


def _rewritten(node: Node, geo: Geometry, blocks: SpaceToDepth) -> list[Node]:
    x, w, *rest = node.inputs
    n, width, q = x.shape[0], geo.x[3], blocks.q
    high = node.output.shape[3] == 1 and x.shape[3] == 1

    def along(size: int) -> tuple[int, int]:
        return (size, 1) if high else (1, size)

    apart = reshape(node, x, (n, width // q, q))
    transposed = transpose(node, apart.output, [0, 2, 1])
    whole = reshape(node, transposed.output, (n, q, *along(width // q)))
    weights = _weights(node, blocks).reshape(w.shape[0], q, *along(blocks.taps))
    step = geo.window.stride[1] // q
    padding = (blocks.pad, (0, 0)) if high else ((0, 0), blocks.pad)
    attrs = replace(node.attributes(ConvBiasAttrs), padding=padding, stride=(step, step))
    inputs = [whole.output, constant(w.name, weights, w.type.dtype), *rest]
    return [apart, transposed, whole, take_over(node_like(node, node.op, attrs, inputs), node)]


def run(graph: Graph) -> None:
    """Float convolutions with constant weights."""
    nodes: list[Node] = []
    for node in graph.nodes:
        geo = _signal(node)
        blocks = _space_to_depth(geo) if geo else None
        nodes += _rewritten(node, geo, blocks) if geo and blocks else [node]
    graph.nodes = nodes
