"""Convolutions whose weights the model computes become the one form that kernels read such weights in.

That form is a 2-D cross-correlation. Turned weights are turned back. A transposed convolution is a convolution by
turned weights of data with zeros between its elements. Of a 3-D convolution the taps along the depth become channels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mgecc.graph import Graph, Node, Value
from mgecc.graph.sizes import has_sizes
from mgecc.graph.types import INT32
from mgecc.ops.window import Window, window_of
from mgecc.passes.build import constant, node_like, take_over

_STEP = (False, False, True, False)
_PART = (True, True, True, False)
_MOST_SLICES = 256
"""Of 3-D weights: each becomes a node."""


@dataclass
class _Maker:
    """Nodes that stand for ``old``, in order."""

    old: Node
    nodes: list[Node] = field(default_factory=list)

    def add(self, op: str, attrs: dict[str, Any], *inputs: Value) -> Value:
        name = f"{self.old.name}.{len(self.nodes)}"
        made = node_like(self.old, op, {"output_dtype": None, **attrs}, list(inputs), name)
        self.nodes.append(made)
        return made.output

    def numbers(self, *numbers: int) -> Value:
        return constant(f"{self.old.name}.numbers", np.array(numbers), INT32)

    def reshape(self, x: Value, *shape: int) -> Value:
        return self.add("Reshape", {"axis": 7}, x, self.numbers(*shape))

    def turn(self, x: Value, *pattern: int) -> Value:
        return self.add("Dimshuffle", {"pattern": pattern, "ndim": x.type.rank}, x)

    def backwards(self, w: Value, rank: int) -> Value:
        """The last ``rank`` axes in the opposite order."""
        items = tuple((axis, *_STEP) for axis in range(w.type.rank - rank, w.type.rank))
        return self.add("Subtensor", {"items": items}, w, *[self.numbers(-1)] * rank)

    def part(self, x: Value, axis: int, begin: int, end: int, step: int = 1) -> Value:
        numbers = [self.numbers(n) for n in (begin, end, step)]
        return self.add("Subtensor", {"items": ((axis, *_PART),)}, x, *numbers)

    def pad(self, x: Value, pads: Sequence[tuple[int, int]]) -> Value:
        """Zeros around the last axes."""
        whole = [(0, 0)] * (x.type.rank - len(pads)) + list(pads)
        attrs = {f"front_offset_dim{i}": p[0] for i, p in enumerate(whole)}
        attrs |= {f"back_offset_dim{i}": p[1] for i, p in enumerate(whole)}
        return self.add("Padding", {**attrs, "padding_mode": "CONSTANT", "padding_val": 0.0}, x)

    def done(self) -> list[Node]:
        return [*self.nodes[:-1], take_over(self.nodes[-1], self.old)]


def _attrs(node: Node, window: Window, **changed: Any) -> dict[str, Any]:
    """Those of a cross-correlation in the same numbers, by ``window``."""
    axes = "dhw"[-len(window.kernel) :]
    kept: dict[str, Any] = {
        key: node.attrs[key] for key in ("sparse", "compute_mode", "output_dtype") if key in node.attrs
    }
    sizes = {f"stride_{a}": s for a, s in zip(axes, window.stride)}
    sizes |= {f"dilate_{a}": d for a, d in zip(axes, window.dilate)}
    sizes |= {f"pad_{a}": p for a, (p, _) in zip(axes, window.pad)}
    layout = "NCHW" if len(axes) == 2 else "NCDHW"
    return {**kept, "mode": "CROSS_CORRELATION", "format": layout, **sizes, **changed}


def _turned(node: Node) -> list[Node] | None:
    """A convolution whose mode is CONVOLUTION."""
    x, w = node.inputs
    if node.attrs.get("mode", "CROSS_CORRELATION") != "CONVOLUTION":
        return None
    make = _Maker(node)
    rank = x.type.rank - 2
    back = make.backwards(w, rank)
    make.add(node.op, node.attrs | {"mode": "CROSS_CORRELATION"}, x, back)
    return make.done()


def _spread(make: _Maker, x: Value, stride: tuple[int, ...]) -> Value:
    """``stride`` - 1 zeros behind every element of the trailing axes."""
    outer, size = x.shape[:2], x.shape[2:]
    apart = [n for pair in zip(size, (1,) * len(size)) for n in pair]
    rows = make.reshape(x, outer[0] * outer[1], *apart)
    rows = make.pad(rows, [p for s in stride for p in ((0, 0), (0, s - 1))])
    return make.reshape(rows, *outer, *(n * s for n, s in zip(size, stride)))


def _transposed(node: Node) -> list[Node] | None:
    """A transposed convolution, as a convolution of spread data."""
    w, x = node.inputs[:2]
    rank = x.type.rank - 2
    window = window_of(node.attrs, w.shape[-rank:])
    make = _Maker(node)
    data = _spread(make, x, window.stride) if any(s > 1 for s in window.stride) else x
    pads = []
    for axis, (extent, (pad, _), size) in enumerate(zip(window.extent, window.pad, node.output.shape[2:])):
        before, length = extent - 1 - pad, data.shape[2 + axis]
        behind = size + extent - 1 - before - length
        if before < 0 or behind < 0:
            data = make.part(data, 2 + axis, max(0, -before), length + min(0, behind))
        pads.append((max(0, before), max(0, behind)))
    first = w.type.rank - rank - 2
    order = (*range(first), first + 1, first, *range(first + 2, w.type.rank))
    weights = make.turn(w, *order)
    if node.attrs.get("mode", "CROSS_CORRELATION") == "CROSS_CORRELATION":
        weights = make.backwards(weights, rank)
    still = Window(window.kernel, (1,) * rank, window.dilate, ((0, 0),) * rank)
    op = "Convolution" if rank == 2 else "Convolution3D"
    make.add(op, _attrs(node, still), make.pad(data, pads), weights)
    return make.done()


def _flat(node: Node) -> list[Node] | None:
    """A 3-D convolution, as a 2-D one of every slice of the result."""
    x, w = node.inputs
    if node.attrs.get("mode", "CROSS_CORRELATION") != "CROSS_CORRELATION":
        return _turned(node)
    window, depth = window_of(node.attrs, w.shape[-3:]), node.output.shape[2]
    (taps, kh, kw), (step, *_), (apart, *_) = window.kernel, window.stride, window.dilate
    if taps > _MOST_SLICES:
        return None
    make = _Maker(node)
    groups = w.shape[0] if w.type.rank == 6 else 1
    data = make.pad(x, [window.pad[0], (0, 0), (0, 0)])
    n, channels, _, h, width = data.shape
    slices = [
        make.part(data, 2, tap * apart, tap * apart + (depth - 1) * step + 1, step) for tap in range(taps)
    ]
    slices = [
        make.reshape(make.turn(s, 0, 2, 1, 3, 4), n * depth, groups, channels // groups, h, width)
        for s in slices
    ]
    joined = make.add("Concat", {"axis": 2}, *slices) if taps > 1 else slices[0]
    joined = make.reshape(joined, n * depth, channels * taps, h, width)
    full = make.reshape(w, groups, w.shape[-5], w.shape[-4], taps, kh, kw)
    ic, oc = w.shape[-4], w.shape[-5]
    weights = make.reshape(
        make.turn(full, 0, 1, 3, 2, 4, 5), *((groups,) if w.type.rank == 6 else ()), oc, ic * taps, kh, kw
    )
    plane = Window((kh, kw), window.stride[1:], window.dilate[1:], window.pad[1:])
    y = make.add("Convolution", _attrs(node, plane), joined, weights)
    make.turn(make.reshape(y, n, depth, *y.shape[1:]), 0, 2, 1, 3, 4)
    return make.done()


_STEPS: dict[str, tuple[int, Callable[[Node], list[Node] | None]]] = {
    "Convolution": (1, _turned),
    "ConvolutionBackwardData": (0, _transposed),
    "Convolution3D": (1, _flat),
    "Convolution3DBackwardData": (0, _transposed),
}


def _served(node: Node) -> bool:
    """Floats of fixed sizes in plain layout, by computed weights."""
    if node.op not in _STEPS or node.attrs.get("format", "NCHW") not in ("NCHW", "NCDHW"):
        return False
    plain = all(v.type.dtype.is_float and not has_sizes(v.shape) for v in node.inputs)
    return plain and not node.inputs[_STEPS[node.op][0]].is_const


def _made(node: Node) -> list[Node]:
    made = _STEPS[node.op][1](node) if _served(node) else None
    return [node] if made is None else [part for new in made for part in _made(new)]


def run(graph: Graph) -> None:
    graph.nodes = [part for node in graph.nodes for part in _made(node)]
    graph.sweep()
