"""Split a transposed convolution into one convolution per phase of its stride, and interleave their pixels.

Sub-pixel (polyphase) decomposition: Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?"
(arXiv:1609.07009). Row y of the result, for stride s and padding p, adds up weights k and input rows i with
y + p = i s + k: only weights of one residue modulo s meet it. So the rows y = s m + r are a convolution of the input's
rows by every s-th weight, flipped; columns likewise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mgecc.graph import DType, Graph, Node, Value
from mgecc.graph.symbolic import has_sizes
from mgecc.ops.convolution import ConvBiasAttrs, ConvolutionAttrs, grouped
from mgecc.ops.dequantize import DequantizeAttrs
from mgecc.ops.interleave import InterleaveAttrs
from mgecc.ops.window import Window
from mgecc.passes.build import constant, node_like, take_over
from mgecc.passes.dequantised import is_known
from mgecc.passes.match import Users, scalar, spreads_over_channels

_MOST_PHASES = 16


@dataclass(frozen=True)
class Phase:
    """Along one axis: which weights, in the order of the rows they meet, and the padding before and behind."""

    taps: tuple[int, ...]
    before: int
    behind: int


def _phase(window: Window, axis: int, r: int, size: int, result: int) -> Phase | None:
    """None where no convolution with padding computes the phase."""
    s, k, p = window.stride[axis], window.kernel[axis], window.pad[axis][0]
    taps = tuple(range((r + p) % s, k, s))[::-1]
    last = (r + p) // s
    before, rows = len(taps) - 1 - last, -(-(result - r) // s)
    behind = max(0, rows - 1 + last - (size - 1))
    return Phase(taps, before, behind) if taps and before >= 0 else None


@dataclass(frozen=True)
class Kernel:
    """Weights (g, i, o, h, w): numbers, or, with ``scales`` of all g * o channels, steps to be dequantised."""

    weights: np.ndarray
    dtype: DType
    scales: tuple[float, ...] = ()

    def part(self, node: Node, rows: Phase, columns: Phase, name: str) -> tuple[Value, list[Node]]:
        """The weights (g * o, i, h, w) of a phase, and the node that makes them."""
        part = self.weights[:, :, :, rows.taps][..., columns.taps].swapaxes(1, 2)
        stored = constant(f"{name}.weights", part.reshape(-1, *part.shape[2:]), self.dtype)
        if not self.scales:
            return stored, []
        made = node_like(node, "Dequantize", DequantizeAttrs(self.scales, (0,)), [stored], stored.name)
        return made.output, [made]


Read = Callable[[Node, Node | None], Kernel | None]
"""The weights of a transposed convolution that is to be split, if it is one. The second node reads its result, behind
biases and activations."""


def _constant_weights(node: Node, _reader: Node | None) -> Kernel | None:
    w = node.inputs[0]
    if w.const is None:
        return None
    return Kernel(w.const.reshape(grouped(w.shape, node.attributes(ConvolutionAttrs).groups)), w.type.dtype)


def _is_float(node: Node) -> bool:
    """Whether it is a transposed convolution of float data of fixed sizes."""
    if node.op != "ConvolutionBackwardData":
        return False
    values = (*node.inputs[:2], node.output)
    return all(v.type.dtype.is_float for v in values) and not has_sizes(node.inputs[1].shape)


def _grid(window: Window, size: tuple[int, ...], result: tuple[int, ...]) -> list[tuple[Phase, Phase]] | None:
    phases = window.stride[0] * window.stride[1]
    if phases > _MOST_PHASES or any(d != 1 for d in window.dilate):
        return None
    if any(s > n for s, n in zip(window.stride, result)):
        return None
    axes = [[_phase(window, a, r, size[a], result[a]) for r in range(window.stride[a])] for a in range(2)]
    pairs = [(y, x) for y in axes[0] for x in axes[1] if y is not None and x is not None]
    return pairs if len(pairs) == phases else None


def _convolution(node: Node, kernel: Kernel, rows: Phase, columns: Phase, name: str) -> list[Node]:
    padding = tuple((a.before, a.behind) for a in (rows, columns))
    w, before = kernel.part(node, rows, columns, name)
    attrs = ConvBiasAttrs(padding=padding, groups=kernel.weights.shape[0])
    return [*before, node_like(node, "ConvBias", attrs, [node.inputs[1], w], name)]


def _joins(node: Node, value: Value) -> bool:
    """Whether the element-wise node treats all pixels of a channel alike, besides ``value``."""
    others = [v for v in node.inputs if v is not value]
    alike = all(scalar(v) is not None or (is_known(v) and spreads_over_channels(v, value)) for v in others)
    return (
        node.op == "Elemwise" and node.output.type == value.type and alike and len(others) < len(node.inputs)
    )


def _ending(node: Node, users: Users) -> list[Node]:
    """Biases and activations behind the node: they may come before its pixels are put together."""
    found = [node]
    while True:
        reader = users.only(found[-1].output)
        if reader is None or not _joins(reader, found[-1].output):
            return found[1:]
        found.append(reader)


def _apart(node: Node, ending: list[Node], kernel: Kernel) -> list[Node] | None:
    """The nodes in place of ``node`` and what follows it; None for what stays as it is."""
    window = node.attributes(ConvolutionAttrs).over(kernel.weights.shape[3:])
    grid = _grid(window, node.inputs[1].shape[2:], node.output.shape[2:])
    if grid is None:
        return None
    made, parts = [], []
    for i, (rows, columns) in enumerate(grid):
        made += _convolution(node, kernel, rows, columns, f"{node.name}.phase{i}")
        before = node.output
        for step in ending:
            inputs = [made[-1].output if v is before else v for v in step.inputs]
            made.append(node_like(step, step.op, step.attrs, inputs, f"{step.name}.phase{i}"))
            before = step.output
        parts.append(made[-1].output)
    (rise, run), (height, width) = window.stride, node.output.shape[2:]
    attrs = InterleaveAttrs((rise, run), (height, width))
    return [*made, take_over(node_like(node, "Interleave", attrs, parts), (ending or [node])[-1])]


def run(graph: Graph, read: Read = _constant_weights) -> None:
    """Float ones, without dilation, of fixed sizes, whose weights can be read."""
    users, nodes, done = Users(graph), list[Node](), set[int]()
    for node in graph.nodes:
        if id(node) in done:
            continue
        ending = _ending(node, users) if _is_float(node) else []
        kernel = read(node, users.only([node, *ending][-1].output)) if _is_float(node) else None
        apart = _apart(node, ending, kernel) if kernel else None
        done |= {id(step) for step in ending} if apart else set()
        nodes += apart or [node]
    graph.nodes = nodes
    graph.sweep()
