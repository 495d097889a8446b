"""Deformable convolution of plain float32 tensors (product.c.j2).

Dai et al. 2017 (arXiv:1703.06211); with masks, Zhu et al. 2019 (arXiv:1811.11168).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Workspace, serves
from mgecc.kernels.plain import padded, plain_candidate, require_const, require_float32
from mgecc.kernels.weights import weight_type
from mgecc.ops.convolution import geometry
from mgecc.targets import Target

_FIELDS = (
    "n", "channels", "groups", "dgroups", "oc", "h", "w", "oh", "ow", "kh", "kw", "sh", "sw", "ph", "pw", "dh", "dw",
)  # fmt: skip


def _pack(node: Node, width: int) -> np.ndarray:
    """[group][tile][tap][ic][width], zeros past the last channel."""
    shape = geometry(node).weights
    w = require_const(node.inputs[1], "weights").astype(np.float32).reshape(*shape[:3], -1)
    ordered = padded(w.transpose(0, 3, 2, 1), width)
    tiles = ordered.reshape(*ordered.shape[:3], -1, width).transpose(0, 3, 1, 2, 4)
    return weight_type(node).stored(np.ascontiguousarray(tiles))


def _vectors(node: Node, target: Target) -> int:
    return min(2, -(-geometry(node).weights[1] // target.lanes))


def _build(target: Target, node: Node) -> list[Call]:
    geo, j = geometry(node), _vectors(node, target)
    window, (groups, oc, _) = geo.window, geo.weights[:3]
    (n, channels, h, w), taps = geo.x, window.kernel[0] * window.kernel[1]
    stored = weight_type(node)
    types = {"w": stored.ctype, "y": "float *", "work": "float *"}
    kernel = Kernel(
        f"deformable_f32_p4x{j}{stored.suffix}",
        "deformable/product.c.j2",
        tuple((n, types.get(n, "const float *")) for n in ("x", "w", "offset", "mask", "y", "work")),
        tuple((name, "int32_t") for name in _FIELDS),
        (("j", j), ("wtype", stored.name)),
        stored.needs,
    )
    pads = (window.pad[0][0], window.pad[1][0])
    sizes = (n, channels, groups, node.inputs[3].shape[1] // taps, oc, h, w, *geo.output[2:])
    numbers = (*sizes, *window.kernel, *window.stride, *pads, *window.dilate)
    weights = Const(partial(_pack, node, j * target.lanes), 64)
    x, _, offset, mask = node.inputs
    return [Call(kernel, (x, weights, offset, mask, node.output, Workspace(16 * taps * channels)), numbers)]


@serves("DeformableConv")
def deformable(node: Node, target: Target) -> Iterator[Candidate]:
    """Four positions at a time."""
    require_float32((*node.inputs, node.output))
    require_const(node.inputs[1], "weights")
    geo = geometry(node)
    taps = geo.window.kernel[0] * geo.window.kernel[1]
    samples = node.output.type.elements // geo.output[1] * geo.x[1] * taps
    products = node.output.type.elements * geo.weights[2] * taps / target.lanes
    yield plain_candidate(node, partial(_build, target), 12 * samples + 1.6 * products, "gathers 4 positions")
