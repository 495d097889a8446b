"""Split a transposed convolution into one convolution per phase of its stride, and interleave their pixels.

Sub-pixel (polyphase) decomposition: Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?"
(arXiv:1609.07009). Row y of the result, for stride s and padding p, adds up weights k and input rows i with
y + p = i s + k: only weights of one residue modulo s meet it. So the rows y = s m + r are a convolution of the input's
rows by every s-th weight, flipped; columns likewise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgecc.graph import Graph, Node, Value
from mgecc.graph.symbolic import has_sizes
from mgecc.ops.convolution import ConvBiasAttrs, ConvolutionAttrs, grouped
from mgecc.ops.interleave import InterleaveAttrs
from mgecc.ops.window import Window
from mgecc.passes.build import constant, node_like, take_over
from mgecc.passes.match import Users, per_channel, scalar

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


def _weights(node: Node) -> np.ndarray | None:
    """(g, i, o, h, w), for nodes that this pass serves."""
    if node.op != "ConvolutionBackwardData":
        return None
    (w, x), y = node.inputs[:2], node.output
    served = w.const is not None and all(v.type.dtype.is_float for v in (w, x, y)) and not has_sizes(x.shape)
    if not served or w.const is None:
        return None
    return w.const.reshape(grouped(w.shape, node.attributes(ConvolutionAttrs).groups))


def _grid(window: Window, size: tuple[int, ...], result: tuple[int, ...]) -> list[tuple[Phase, Phase]] | None:
    phases = window.stride[0] * window.stride[1]
    if phases > _MOST_PHASES or any(d != 1 for d in window.dilate):
        return None
    if any(s > n for s, n in zip(window.stride, result)):
        return None
    axes = [[_phase(window, a, r, size[a], result[a]) for r in range(window.stride[a])] for a in range(2)]
    pairs = [(y, x) for y in axes[0] for x in axes[1] if y is not None and x is not None]
    return pairs if len(pairs) == phases else None


def _convolution(node: Node, w: np.ndarray, rows: Phase, columns: Phase, name: str) -> Node:
    part = w[:, :, :, rows.taps][..., columns.taps].swapaxes(1, 2)
    attrs = ConvBiasAttrs(padding=tuple((a.before, a.behind) for a in (rows, columns)), groups=w.shape[0])
    weights = constant(f"{name}.weights", part.reshape(-1, *part.shape[2:]), node.inputs[0].type.dtype)
    return node_like(node, "ConvBias", attrs, [node.inputs[1], weights], name)


def _joins(node: Node, value: Value) -> bool:
    """Whether the element-wise node treats all pixels of a channel alike, besides ``value``."""
    others = [v for v in node.inputs if v is not value]
    alike = all(scalar(v) is not None or per_channel(v, value) is not None for v in others)
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


def _apart(node: Node, ending: list[Node]) -> list[Node] | None:
    """The nodes in place of ``node`` and what follows it; None for what stays as it is."""
    w = _weights(node)
    if w is None:
        return None
    window = node.attributes(ConvolutionAttrs).over(w.shape[3:])
    grid = _grid(window, node.inputs[1].shape[2:], node.output.shape[2:])
    if grid is None:
        return None
    made, parts = [], []
    for i, (rows, columns) in enumerate(grid):
        made.append(_convolution(node, w, rows, columns, f"{node.name}.phase{i}"))
        before = node.output
        for step in ending:
            inputs = [made[-1].output if v is before else v for v in step.inputs]
            made.append(node_like(step, step.op, step.attrs, inputs, f"{step.name}.phase{i}"))
            before = step.output
        parts.append(made[-1].output)
    (rise, run), (height, width) = window.stride, node.output.shape[2:]
    attrs = InterleaveAttrs((rise, run), (height, width))
    return [*made, take_over(node_like(node, "Interleave", attrs, parts), (ending or [node])[-1])]


def run(graph: Graph) -> None:
    """Float ones with constant weights, without dilation, of fixed sizes."""
    users, nodes, done = Users(graph), list[Node](), set[int]()
    for node in graph.nodes:
        if id(node) in done:
            continue
        ending = _ending(node, users) if node.op == "ConvolutionBackwardData" else []
        apart = _apart(node, ending)
        done |= {id(step) for step in ending} if apart else set()
        nodes += apart or [node]
    graph.nodes = nodes
    graph.sweep()
