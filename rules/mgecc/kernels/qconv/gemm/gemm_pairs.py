"""Dense quantised convolutions of four pixels times two outputs (gemm_pairs.c.j2), for cores without vectors.

SMLAD multiplies two outputs in a word of weights, cores without it two pixels in a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.graph.symbolic import lower_bound
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Param
from mgecc.kernels.qconv.geometry import QConv, bias_of, weights_of
from mgecc.kernels.qconv.packed import SMLAD, SWAR, Instruction, halves, has_smlad, has_swar
from mgecc.targets import Target

_FIELDS = ("n", "h", "w", "oh", "ow", "xb", "yb", "steps", "pairs")
_WINDOW = ("kh", "kw", "sh", "sw", "dh", "dw", "pt", "pl")
_PIXELS = 4
_MOST_PLANES = 4
_MOST_SUM = 1 << 23  # of the second output, which lies 8 bits higher than the first


@dataclass(frozen=True)
class Way:
    """``planes``: how many input channels come in plain layout, none if they are blocked. ``compact``: no code of its
    own for tiles within the image, and none that ends tiles without leaving registers."""

    target: Target
    planes: int
    compact: bool = False

    @property
    def swar(self) -> bool:
        """Whether products are of two pixels in a word; else of two outputs."""
        return has_swar(self.target)

    @property
    def instruction(self) -> Instruction:
        return SWAR if self.swar else SMLAD

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
    params: dict[str, Param] = {
        "compact": way.compact, "flat": flat, "planes": way.planes, "swar": way.swar,
    }  # fmt: skip
    names = _FIELDS if flat else _FIELDS + _WINDOW
    form = f"{'swar' if way.swar else 'pairs'}_{form}_c4_p4x2{'s' if way.compact else ''}"
    return way.instruction.kernel(
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
    """Weights int16 [pair of outputs][step][inputs 0, 2, 1, 3]: 256 * the second output's and the first's. For swar
    int8 [pair of outputs][step][input][output]."""
    w = _stepwise(node, conv, way)
    if way.swar:
        pairs = w.reshape(len(w) // 2, 2, -1, 4).transpose(0, 2, 3, 1)
        return np.ascontiguousarray(pairs.astype(np.int8))
    return np.ascontiguousarray((256 * w[1::2] + w[0::2])[..., [0, 2, 1, 3]].astype(np.int16))


def _chunk(sides: np.ndarray, limit: int) -> int:
    """Units in the longest equal chunks whose sums of weights are within the limit; ``sides`` (sums, units)."""
    units = int(sides.shape[1])
    for count in range(1, units):
        size = -(-units // count)
        chunks = np.pad(sides, ((0, 0), (0, -units % size))).reshape(len(sides), -1, size)
        if chunks.sum(axis=2).max() <= limit:
            return size
    return 1


def swar_biases(node: Node, conv: QConv, way: Way) -> np.ndarray:
    """int32 [pair][both biases, 0x8000 for every chunk, units of a chunk], as mg_swar_4x2 wants them."""
    w = _stepwise(node, conv, way)
    units = w.reshape(len(w) // 2, 2, -1, 2)
    parts, limit = halves(node, units)
    sides = np.concatenate(parts, axis=1).sum(axis=3)
    chunks = np.array([_chunk(pair, limit) for pair in sides])
    single = bias_of(node, 0, 2 * _pairs(conv)).reshape(-1, 2)
    offsets = 0x8000 * -(-units.shape[2] // chunks)
    return np.concatenate([single, offsets[:, None], chunks[:, None]], axis=1).astype(np.int32)


def biases(node: Node, conv: QConv) -> np.ndarray:
    """int32 [pair][first, 256 * second + first], as sums of products with such words begin."""
    single = bias_of(node, 0, 2 * _pairs(conv)).astype(np.int64).reshape(-1, 2)
    single[:, 1] = 256 * single[:, 1] + single[:, 0]
    return (single & 0xFFFFFFFF).astype(np.uint32).view(np.int32)


def _build(conv: QConv, way: Way, node: Node) -> list[Call]:
    steps = way.steps(conv)
    n, ic, h, w = conv.geo.x
    _, oc, oh, ow = conv.geo.output
    weights = Const(partial(pack, node, conv, way))
    bias = Const(partial(swar_biases, node, conv, way) if way.swar else partial(biases, node, conv))
    operands = way.instruction.operands(node, conv, weights, bias, 8 * _PIXELS * steps)
    window = conv.geo.window
    (kh, kw), (pt, _), (pl, _) = window.kernel, *window.pad
    sizes = (n, h, w, oh, ow, -(-ic // 4), -(-oc // 4), steps, _pairs(conv))
    places = (kh, kw, *window.stride, *window.dilate, pt, pl)
    flat = way.is_flat(node, conv)
    return [Call(kernel(node, conv, way), operands, sizes if flat else sizes + places)]


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """Images of at least four pixels, no groups; a few input channels may come as planes."""
    if not (has_smlad(target) or has_swar(target)) or conv.groups > 1:
        return
    if lower_bound(conv.pixels) < _PIXELS or not is_exact(node):
        return
    ipg, window = conv.channels[0], conv.geo.window
    has_planes = ipg <= _MOST_PLANES and window.dilate[1] == 1
    for planes in (ipg, 0) if has_planes else (0,):
        blocks = tuple(1 if v.is_const or (planes and v is node.inputs[0]) else 4 for v in node.inputs)
        for way in _ways(node, conv, Way(target, planes)):
            yield _candidate(node, conv, way, blocks)


def _ways(node: Node, conv: QConv, way: Way) -> tuple[Way, ...]:
    """Both forms of windows; of SWAR in blocks the shorter one alone, beside which the other gains little."""
    compact = replace(way, compact=True)
    if way.is_flat(node, conv):
        return (way,)
    return (compact,) if way.swar and not way.planes else (way, compact)


def _costs(way: Way) -> tuple[float, float]:
    """Instructions of a step, of SWAR with chunks of eight inputs, and around the steps of a tile."""
    if not way.swar:
        return 25.5, 110 if way.compact else 60
    long = way.target.facts.core.long_multiply_cost
    return 45 if long == 1 else 80, 130 + 8 * long


def _gather_cost(node: Node, conv: QConv, way: Way) -> float:
    """Instructions until four pixels lie in the window."""
    steps = way.steps(conv)
    if way.is_flat(node, conv):
        return 26 * steps
    if way.planes:
        return (80 if way.compact else 50) * steps
    return (70 if way.compact else 25) * conv.taps + 32 * steps


def _candidate(node: Node, conv: QConv, way: Way, blocks: tuple[int, ...]) -> Candidate:
    steps, (step, pair) = way.steps(conv), _costs(way)
    tiles = conv.geo.output[0] * -(-conv.pixels // _PIXELS)
    return Candidate(
        partial(_build, conv, way),
        tiles * (_gather_cost(node, conv, way) + _pairs(conv) * (step * steps + pair) + 40),
        blocks,
        (4,),
        900 if way.compact else 1600,
        why=f"tiles of 4 pixels x 2 channels, two {'pixels' if way.swar else 'channels'} in a word",
        scratch=8 * _PIXELS * steps,
    )
