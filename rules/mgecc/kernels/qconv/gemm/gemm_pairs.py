"""Dense quantised convolutions by two outputs in a word of weights (gemm_pairs.c.j2), for cores with SMLAD."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.graph.symbolic import lower_bound
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Param
from mgecc.kernels.qconv.geometry import QConv, bias_of, weights_of
from mgecc.kernels.qconv.packed import SMLAD, has_smlad
from mgecc.targets import Target

_FIELDS = ("n", "h", "w", "oh", "ow", "xb", "yb", "steps", "pairs")
_WINDOW = ("kh", "kw", "sh", "sw", "dh", "dw", "pt", "pl")
_PIXELS = 4
_MOST_PLANES = 4
_MOST_SUM = 1 << 23  # of the second output, which lies 8 bits higher than the first


@dataclass(frozen=True)
class Way:
    """``planes``: how many input channels come in plain layout, none if they are blocked."""

    target: Target
    planes: int

    def is_flat(self, node: Node, conv: QConv) -> bool:
        """Whether pixels are read as they lie, one tap each."""
        return conv.is_pointwise and not self.planes

    def steps(self, conv: QConv) -> int:
        """Steps of four inputs."""
        kh, kw = conv.geo.window.kernel
        return self.planes * kh * -(-kw // 4) if self.planes else conv.taps * -(-conv.channels[0] // 4)


def _pairs(conv: QConv) -> int:
    return -(-conv.channels[1] // 4) * 2


def is_exact(node: Node) -> bool:
    """Whether no sum of a second output can reach the bits of the first, for any stored inputs."""
    w = weights_of(node)[0].astype(np.int64)
    bias = bias_of(node, 0, len(w)).astype(np.int64)
    largest = np.abs(w).sum(axis=(1, 2)) * 128 + np.abs(bias)
    return bool(np.abs(w).max(initial=0) < 128 and largest.max(initial=0) < _MOST_SUM)


def kernel(node: Node, conv: QConv, way: Way) -> Kernel:
    flat = way.is_flat(node, conv)
    form = f"first{way.planes}" if way.planes else "k1s1" if flat else "window"
    params: dict[str, Param] = {"flat": flat, "planes": way.planes}
    names = _FIELDS if flat else _FIELDS + _WINDOW
    form = f"pairs_{form}_c4_p4x2"
    return SMLAD.kernel(
        node, conv, way.target, "gemm/gemm_pairs.c.j2", form, params, names, [("window", "int32_t *")]
    )


def _stepwise(node: Node, conv: QConv, way: Way) -> np.ndarray:
    """Weights (outputs, steps, four inputs) with zeros for channels and taps that fill up."""
    w, (ipg, opg), (kh, kw) = weights_of(node)[0], conv.channels, conv.geo.window.kernel
    outs = -(-opg // 4) * 4
    if way.planes:
        full = np.zeros((outs, ipg, kh, -(-kw // 4) * 4), np.int32)
        full[:opg, :, :, :kw] = w.reshape(opg, ipg, kh, kw)
        return np.asarray(full.reshape(outs, -1, 4))
    blocked = np.zeros((outs, -(-ipg // 4) * 4, conv.taps), np.int32)
    blocked[:opg, :ipg] = w
    return np.asarray(blocked.reshape(outs, -1, 4, conv.taps).transpose(0, 3, 1, 2).reshape(outs, -1, 4))


def pack(node: Node, conv: QConv, way: Way) -> np.ndarray:
    """Weights int16 [pair of outputs][step][inputs 0, 2, 1, 3]: 256 * the second output's and the first's."""
    w = _stepwise(node, conv, way)
    return np.ascontiguousarray((256 * w[1::2] + w[0::2])[..., [0, 2, 1, 3]].astype(np.int16))


def biases(node: Node, conv: QConv) -> np.ndarray:
    """int32 [pair][first, 256 * second + first], as sums of products with such words begin."""
    single = bias_of(node, 0, 2 * _pairs(conv)).astype(np.int64).reshape(-1, 2)
    single[:, 1] = 256 * single[:, 1] + single[:, 0]
    return (single & 0xFFFFFFFF).astype(np.uint32).view(np.int32)


def _build(conv: QConv, way: Way, node: Node) -> list[Call]:
    steps = way.steps(conv)
    n, ic, h, w = conv.geo.x
    _, oc, oh, ow = conv.geo.output
    weights, bias = Const(partial(pack, node, conv, way)), Const(partial(biases, node, conv))
    operands = SMLAD.operands(node, conv, weights, bias, 8 * _PIXELS * steps)
    window = conv.geo.window
    (kh, kw), (pt, _), (pl, _) = window.kernel, *window.pad
    sizes = (n, h, w, oh, ow, -(-ic // 4), -(-oc // 4), steps, _pairs(conv))
    places = (kh, kw, *window.stride, *window.dilate, pt, pl)
    flat = way.is_flat(node, conv)
    return [Call(kernel(node, conv, way), operands, sizes if flat else sizes + places)]


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """Images of at least four pixels, no groups; a few input channels may come as planes."""
    if not has_smlad(target) or conv.groups > 1:
        return
    if lower_bound(conv.pixels) < _PIXELS or not is_exact(node):
        return
    ipg, window = conv.channels[0], conv.geo.window
    has_planes = ipg <= _MOST_PLANES and window.dilate[1] == 1
    for planes in (ipg, 0) if has_planes else (0,):
        blocks = tuple(1 if v.is_const or (planes and v is node.inputs[0]) else 4 for v in node.inputs)
        yield _candidate(node, conv, Way(target, planes), blocks)


def _candidate(node: Node, conv: QConv, way: Way, blocks: tuple[int, ...]) -> Candidate:
    steps = way.steps(conv)
    gather: float = (
        26 * steps if way.is_flat(node, conv) else 80 * steps if way.planes else 70 * conv.taps + 32 * steps
    )
    tiles = conv.geo.output[0] * -(-conv.pixels // _PIXELS)
    return Candidate(
        partial(_build, conv, way),
        tiles * (gather + _pairs(conv) * (25.5 * steps + 110) + 40),
        blocks,
        (4,),
        1000,
        why="tiles of 4 pixels x 2 channels, two channels in a word",
        scratch=8 * _PIXELS * steps,
    )
