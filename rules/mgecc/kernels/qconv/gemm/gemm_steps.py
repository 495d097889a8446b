"""Dense quantised convolutions by sums of sixteen products (gemm_steps.c.j2), for machines with VMLADAV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.graph.symbolic import at_max_sizes
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Param
from mgecc.kernels.qconv.geometry import QConv, bias_of, weights_of
from mgecc.kernels.qconv.packed import VMLADAV, has_vmladav
from mgecc.targets import Target

_FIELDS = ("n", "h", "w", "oh", "ow", "xb", "yb", "steps", "turn")
_WINDOW = ("kh", "kw", "sh", "sw", "dh", "dw", "pt", "pl")
_STEP = 16
_MOST_PLANES = 4
_MOST_PANEL = 4096  # bytes, of more than four pixels
_FEWEST, _MOST = 4, 16  # pixels of a panel


@dataclass(frozen=True)
class Way:
    """``planes``: how many input channels come in plain layout, none if they are blocked. ``flat``: pixels are read as
    they lie, one tap each."""

    target: Target
    planes: int
    flat: bool = False

    def places(self, conv: QConv) -> int:
        """Bytes of a window in plain layout, or words of blocks."""
        return conv.taps * (self.planes or -(-conv.channels[0] // 4))

    def steps(self, conv: QConv) -> int:
        return -(-self.places(conv) * (1 if self.planes else 4) // _STEP)

    def turn(self, conv: QConv) -> int:
        """Pixels of a panel."""
        fit = _MOST_PANEL // (_STEP * self.steps(conv))
        return min(max(fit, _FEWEST), _MOST, at_max_sizes(conv.pixels))

    def table(self, conv: QConv) -> int:
        """Bytes of the places of a window."""
        return self.steps(conv) * (4 * _STEP if self.planes else _STEP)


def kernel(node: Node, conv: QConv, way: Way) -> Kernel:
    form = f"steps_{f'first{way.planes}' if way.planes else 'k1s1' if way.flat else 'window'}_c4"
    params: dict[str, Param] = {"planes": way.planes, "flat": way.flat}
    scratch = (("at", "int32_t *"), ("panel", "int8_t *"))
    fields = _FIELDS + _WINDOW
    return VMLADAV.kernel(node, conv, way.target, "gemm/gemm_steps.c.j2", form, params, fields, scratch)


def pack(node: Node, conv: QConv, way: Way) -> np.ndarray:
    """Weights int8 [four channels][step][channel][16], zeros where channels and taps fill up."""
    w, (ipg, opg) = weights_of(node)[0], conv.channels
    outs, wide = -(-opg // 4) * 4, ipg if way.planes else -(-ipg // 4) * 4
    full = np.zeros((outs, wide, conv.taps), np.int8)
    full[:opg, :ipg] = w
    flat = (full if way.planes else full.transpose(0, 2, 1)).reshape(outs, -1)
    filled = np.zeros((outs, way.steps(conv) * _STEP), np.int8)
    filled[:, : flat.shape[1]] = flat
    return np.ascontiguousarray(filled.reshape(outs // 4, 4, -1, _STEP).transpose(0, 2, 1, 3))


def _build(conv: QConv, way: Way, node: Node) -> list[Call]:
    n, ic, h, w = conv.geo.x
    _, oc, oh, ow = conv.geo.output
    weights, bias = Const(partial(pack, node, conv, way)), Const(partial(bias_of, node, 0, -(-oc // 4) * 4))
    window, count, turn = conv.geo.window, way.steps(conv), way.turn(conv)
    operands = VMLADAV.operands(node, conv, weights, bias, way.table(conv), turn * _STEP * count)
    (pt, _), (pl, _) = window.pad
    sizes = (n, h, w, oh, ow, -(-ic // 4), -(-oc // 4), count, turn)
    places = (*window.kernel, *window.stride, *window.dilate, pt, pl)
    return [Call(kernel(node, conv, way), operands, sizes + places)]


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """No groups; a few input channels may come as planes."""
    if not has_vmladav(target) or conv.groups > 1:
        return
    ipg = conv.channels[0]
    for planes in (ipg, 0) if ipg <= _MOST_PLANES else (0,):
        blocks = tuple(1 if v.is_const or (planes and v is node.inputs[0]) else 4 for v in node.inputs)
        yield _candidate(node, conv, Way(target, planes), blocks)
    if conv.is_pointwise:
        yield _candidate(node, conv, Way(target, 0, flat=True), blocks)


def _candidate(node: Node, conv: QConv, way: Way, blocks: tuple[int, ...]) -> Candidate:
    count, groups = way.steps(conv), -(-conv.channels[1] // 4)
    gather = 4 * count + 15 if way.flat else way.places(conv) + 4 * count + 40
    pixels, turns = conv.pixels, -(-conv.pixels // way.turn(conv))
    products = pixels * (gather + groups * (10 * count + 18)) + turns * groups * 20
    return Candidate(
        partial(_build, conv, way),
        conv.geo.output[0] * products + 100,
        blocks,
        (4,),
        500 if way.flat else 900,
        why="a pixel x 4 channels, sixteen products a step",
        scratch=way.table(conv) + way.turn(conv) * _STEP * count,
    )
