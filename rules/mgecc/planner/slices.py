"""Partial execution: pairs of layers run a few channels at a time, so their intermediate tensor never exists in full.

The method is that of Liberis and Lane 2022, "Pex: Memory-efficient Microcontroller Deep Learning through Partial
Execution" (arXiv:2211.17246). The first layer is a convolution; the only reader of its result treats every channel by
itself: a depthwise convolution, a pooling. Between them lies one slice of channels at a time; the slices of the second
result lie side by side in the whole one. Every number is computed once, as before; slices of rows (Lin et al. 2021,
"MCUNetV2: Memory-Efficient Patch-based Inference", arXiv:2110.15352) would have to compute a halo of rows twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mgecc import ops
from mgecc.graph import Graph, Node, Value
from mgecc.graph.attributes import changed
from mgecc.graph.symbolic import has_sizes
from mgecc.ops.convolution import ConvolutionAttrs, is_convolution
from mgecc.ops.known import AxisAttrs
from mgecc.ops.rescale import rescale_of
from mgecc.planner.order import live
from mgecc.targets import Target

# What register tiles take at once, the least of a slice: two blocks of the layout within these bounds of channels.
_BLOCKS, _LEAST = 2, range(8, 17)


@dataclass(frozen=True)
class Pair:
    """Two nodes one after the other, and by how many channels they may be computed, widest first."""

    first: Node
    second: Node
    widths: tuple[int, ...]

    def bytes(self, width: int) -> int:
        """Of a slice of the tensor between them."""
        between = self.first.output.type
        return between.nbytes // between.shape[1] * width


def _constants(node: Node) -> bool:
    """Weights and bias are known, nothing else is added."""
    bias = node.inputs[2].const if len(node.inputs) > 2 else None
    rest = node.inputs[1:]
    channels = node.output.shape[1]
    return all(v.is_const for v in rest) and (bias is None or bias.size in (0, channels))


def _groups(node: Node) -> int:
    """Of a convolution by constants; 0 for other nodes."""
    found = is_convolution(node) and _constants(node)
    return node.attributes(ConvolutionAttrs).groups if found else 0


def _widths(channels: int, block: int) -> tuple[int, ...]:
    """Of two slices, three and so on."""
    least = min(max(_LEAST[0], _BLOCKS * block), _LEAST[-1])
    units = -(-channels // least)
    widths = (least * -(-units // count) for count in range(2, units + 1))
    return tuple(dict.fromkeys(widths)) if channels % block == 0 else ()


def width_for_cache(channels: int, each: int, block: int, cache: int) -> int:
    """Channels of ``each`` so many bytes that are computed at a time: all of them if they fit."""
    widths = (channels, *_widths(channels, block))
    return next((width for width in widths if width * each <= cache), widths[-1])


def _pairs(graph: Graph, target: Target) -> Iterator[tuple[int, Pair]]:
    """Each with the position of its first node."""
    users, fixed = graph.users(), graph.output_values()
    for i, (first, second) in enumerate(zip(graph.nodes, graph.nodes[1:])):
        between = first.output
        alone = users.get(between) == [second] and between not in fixed
        if not alone or second.inputs[0] is not between or not first.inputs:
            continue
        shapes = (*first.inputs[0].shape, *between.shape, *second.output.shape)
        if (
            has_sizes(shapes)
            or _groups(first) != 1
            or not _constants(second)
            or not ops.find(second.op).by_channels(second)
        ):
            continue
        widths = _widths(between.shape[1], target.block_of(between.type.dtype.name))
        if between.shape[0] == 1 and widths:
            yield i, Pair(first, second, widths)


def _part(value: Value, channels: int, start: int, stop: int) -> Value:
    """These channels of weights or a bias; a constant that is empty as it is."""
    assert value.const is not None
    if value.const.size == 0:
        return value
    axis = value.shape.index(channels)
    cut = value.const[(slice(None),) * axis + (slice(start, stop),)]
    return Value(value.name, value.type.with_shape(cut.shape), const=cut)


def _slice(node: Node, x: Value, start: int, stop: int) -> Node:
    channels = node.output.shape[1]
    rest = [_part(v, channels, start, stop) for v in node.inputs[1:]]
    attrs = changed(node.attrs, groups=rest[0].shape[0]) if _groups(node) > 1 else node.attrs
    rescale = rescale_of(node)
    attrs = attrs if rescale is None else changed(attrs, rescale=rescale.part(start, stop))
    made = Node(node.op, node.name, attrs, [x, *rest], origin=node.origin)
    made.outputs = [Value(f"{node.output.name}.{start}", t, made) for t in ops.infer(made)]
    return made


def _apart(pair: Pair, width: int) -> list[Node]:
    """Slices of both nodes in turn, and what joins the second ones'."""
    nodes, parts = [], []
    channels = pair.second.output.shape[1]
    for start in range(0, channels, width):
        first = _slice(pair.first, pair.first.inputs[0], start, start + width)
        second = _slice(pair.second, first.output, start, start + width)
        nodes += [first, second]
        parts.append(second.output)
    whole = Node("Concat", pair.second.name, AxisAttrs(1), parts, origin=pair.second.origin)
    whole.outputs = pair.second.outputs
    whole.output.producer = whole
    return [*nodes, whole]


def _heights(need: list[int], i: int, pair: Pair) -> list[int]:
    """Bytes at the worst step of a pair whose first node is at ``i``: left whole, then by each of the widths."""
    between, result = pair.first.output.type.nbytes, pair.second.output.type.nbytes
    rest = need[i] - between + result
    return [max(need[i : i + 2]), *(rest + pair.bytes(width) for width in pair.widths)]


def _taken_apart(graph: Graph, pairs: dict[int, Pair], width: Callable[[int], int | None]) -> list[Node]:
    """The nodes, where those of the pair at ``i`` are replaced by slices of so many channels, None: left whole."""
    nodes: list[Node] = []
    for i, node in enumerate(graph.nodes):
        if i in pairs:
            channels = width(i)
            nodes += _apart(pairs[i], channels) if channels else [node, pairs[i].second]
        elif i - 1 not in pairs:
            nodes.append(node)
    return nodes


def least(graph: Graph, target: Target) -> list[int]:
    """Bytes that live at each step where every pair is sliced as far as that lowers them."""
    need = live(graph, graph.nodes)
    lowered = list(need)
    for i, pair in _pairs(graph, target):
        lowered[i : i + 2] = [min(n, *_heights(need, i, pair)) for n in need[i : i + 2]]
    return lowered


def for_memory(graph: Graph, target: Target, enough: int = 0) -> None:
    """Slice pairs as far as that lowers the most bytes that live at one step to ``enough``, and no further."""
    need, pairs = live(graph, graph.nodes), dict(_pairs(graph, target))
    heights = {i: _heights(need, i, pair) for i, pair in pairs.items()}
    others = [n for step, n in enumerate(need) if step not in pairs and step - 1 not in pairs]
    most = max([enough, *others, *(min(h) for h in heights.values())])

    def width(i: int) -> int | None:
        return next(w for w, height in zip((None, *pairs[i].widths), heights[i]) if height <= most)

    graph.nodes = _taken_apart(graph, pairs, width)


def for_cache(graph: Graph, target: Target) -> None:
    """Slice pairs that begin with a 1x1 convolution of floats so that what is between them stays in the target's cache.
    Others, and quantised ones, would prepare their inputs again for every slice."""
    pairs = dict(_pairs(graph, target))

    def width(i: int) -> int | None:
        between, weights = pairs[i].first.output.type, pairs[i].first.inputs[1]
        channels, block = between.shape[1], target.block_of(between.dtype.name)
        wide = width_for_cache(channels, pairs[i].bytes(1), block, target.cache)
        gains = wide < channels and weights.shape[2:] == (1, 1) and between.dtype.is_float
        return wide if gains else None

    graph.nodes = _taken_apart(graph, pairs, width)
