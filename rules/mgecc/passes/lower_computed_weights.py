"""Lower convolutions whose weights the model computes to the one form that kernels read such weights in.

That form is a 2-D convolution. A transposed one is a convolution by flipped weights of data with zeros between its
elements. Of a 3-D one the taps along the depth become channels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from mgecc.graph import Attributes, Graph, Node, Value
from mgecc.graph.symbolic import has_sizes
from mgecc.graph.types import INT32
from mgecc.ops.convolution import ConvolutionAttrs, grouped
from mgecc.ops.convolution3d import Convolution3DAttrs
from mgecc.ops.index_items import IndexAttrs, flags
from mgecc.ops.known import AxisAttrs
from mgecc.ops.padding import only_last
from mgecc.ops.shapes import DimshuffleAttrs, ReshapeAttrs
from mgecc.ops.window import Window
from mgecc.passes.build import constant, node_like, take_over

_MOST_SLICES = 256
"""Of 3-D weights: each becomes a node."""


@dataclass
class _Maker:
    """Nodes that stand for ``old``, in order."""

    old: Node
    nodes: list[Node] = field(default_factory=list)

    def add(self, op: str, attrs: Attributes, *inputs: Value) -> Value:
        name = f"{self.old.name}.{len(self.nodes)}"
        made = node_like(self.old, op, attrs, list(inputs), name)
        self.nodes.append(made)
        return made.output

    def numbers(self, *numbers: int) -> Value:
        return constant(f"{self.old.name}.numbers", np.array(numbers), INT32)

    def reshape(self, x: Value, *shape: int) -> Value:
        return self.add("Reshape", ReshapeAttrs(), x, self.numbers(*shape))

    def transpose(self, x: Value, *pattern: int) -> Value:
        return self.add("Dimshuffle", DimshuffleAttrs(pattern), x)

    def backwards(self, w: Value, rank: int) -> Value:
        """The last ``rank`` axes in the opposite order."""
        items = tuple(flags(axis, step=True) for axis in range(w.type.rank - rank, w.type.rank))
        return self.add("Subtensor", IndexAttrs(items), w, *[self.numbers(-1)] * rank)

    def part(self, x: Value, axis: int, begin: int, end: int, step: int = 1) -> Value:
        numbers = [self.numbers(n) for n in (begin, end, step)]
        cut = flags(axis, begin=True, end=True, step=True)
        return self.add("Subtensor", IndexAttrs((cut,)), x, *numbers)

    def pad(self, x: Value, pads: Sequence[tuple[int, int]]) -> Value:
        """Zeros around the last axes."""
        return self.add("Padding", only_last(pads, x.type.rank), x)

    def done(self) -> list[Node]:
        return [*self.nodes[:-1], take_over(self.nodes[-1], self.old)]


def _moving(node: Node, kind: type[ConvolutionAttrs], window: Window) -> ConvolutionAttrs:
    """The node's sums, by ``window``."""
    old = node.attributes(ConvolutionAttrs)
    moves = (window.stride, window.pad, window.dilate)
    return kind(*moves, old.output_dtype, groups=old.groups, wide_sums=old.wide_sums)


def _spread(make: _Maker, x: Value, stride: tuple[int, ...]) -> Value:
    """``stride`` - 1 zeros behind every element of the trailing axes."""
    outer, size = x.shape[:2], x.shape[2:]
    apart = [n for pair in zip(size, (1,) * len(size)) for n in pair]
    rows = make.reshape(x, outer[0] * outer[1], *apart)
    rows = make.pad(rows, [p for s in stride for p in ((0, 0), (0, s - 1))])
    return make.reshape(rows, *outer, *(n * s for n, s in zip(size, stride)))


def _transposed(node: Node) -> list[Node] | None:
    """A transposed convolution, as a convolution of spread data."""
    (w, x), attrs = node.inputs[:2], node.attributes(ConvolutionAttrs)
    rank, window = x.type.rank - 2, attrs.over(w.shape[2:])
    make = _Maker(node)
    data = _spread(make, x, window.stride) if any(s > 1 for s in window.stride) else x
    pads = []
    for axis, (extent, (pad, _), size) in enumerate(zip(window.extent, window.pad, node.output.shape[2:])):
        before, length = extent - 1 - pad, data.shape[2 + axis]
        behind = size + extent - 1 - before - length
        if before < 0 or behind < 0:
            data = make.part(data, 2 + axis, max(0, -before), length + min(0, behind))
        pads.append((max(0, before), max(0, behind)))
    weights = make.backwards(_exchanged(make, w, attrs.groups), rank)
    still = Window(window.kernel, (1,) * rank, window.dilate, ((0, 0),) * rank)
    op, kind = ("Convolution", ConvolutionAttrs) if rank == 2 else ("Convolution3D", Convolution3DAttrs)
    make.add(op, _moving(node, kind, still), make.pad(data, pads), weights)
    return make.done()


def _exchanged(make: _Maker, w: Value, groups: int) -> Value:
    """Weights (i, o / groups, ...) as (o, i / groups, ...)."""
    if groups == 1:
        return make.transpose(w, 1, 0, *range(2, w.type.rank))
    apart = make.transpose(make.reshape(w, *grouped(w.shape, groups)), 0, 2, 1, *range(3, w.type.rank + 1))
    return make.reshape(apart, groups * apart.shape[1], *apart.shape[2:])


def _flat(node: Node) -> list[Node] | None:
    """A 3-D convolution, as a 2-D one of every slice of the result."""
    (x, w), attrs = node.inputs, node.attributes(Convolution3DAttrs)
    window, depth, groups = attrs.over(w.shape[2:]), node.output.shape[2], attrs.groups
    (taps, kh, kw), (step, *_), (apart, *_) = window.kernel, window.stride, window.dilate
    if taps > _MOST_SLICES:
        return None
    make = _Maker(node)
    data = make.pad(x, [window.pad[0], (0, 0), (0, 0)])
    n, channels, _, h, width = data.shape
    slices = [
        make.part(data, 2, tap * apart, tap * apart + (depth - 1) * step + 1, step) for tap in range(taps)
    ]
    slices = [
        make.reshape(make.transpose(s, 0, 2, 1, 3, 4), n * depth, groups, channels // groups, h, width)
        for s in slices
    ]
    joined = make.add("Concat", AxisAttrs(2), *slices) if taps > 1 else slices[0]
    joined = make.reshape(joined, n * depth, channels * taps, h, width)
    weights = make.reshape(make.transpose(w, 0, 2, 1, 3, 4), w.shape[0], w.shape[1] * taps, kh, kw)
    plane = Window((kh, kw), window.stride[1:], window.dilate[1:], window.pad[1:])
    y = make.add("Convolution", _moving(node, ConvolutionAttrs, plane), joined, weights)
    make.transpose(make.reshape(y, n, depth, *y.shape[1:]), 0, 2, 1, 3, 4)
    return make.done()


_STEPS: dict[str, tuple[int, Callable[[Node], list[Node] | None]]] = {
    "ConvolutionBackwardData": (0, _transposed),
    "Convolution3D": (1, _flat),
    "Convolution3DBackwardData": (0, _transposed),
}


def _served(node: Node) -> bool:
    """Floats of fixed sizes, by computed weights."""
    if node.op not in _STEPS:
        return False
    plain = all(v.type.dtype.is_float and not has_sizes(v.shape) for v in node.inputs)
    return plain and not node.inputs[_STEPS[node.op][0]].is_const


def _made(node: Node) -> list[Node]:
    made = _STEPS[node.op][1](node) if _served(node) else None
    return [node] if made is None else [part for new in made for part in _made(new)]


def run(graph: Graph) -> None:
    graph.nodes = [part for node in graph.nodes for part in _made(node)]
    graph.sweep()
