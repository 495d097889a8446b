"""Channels of quantised convolutions that are one number everywhere, or that nobody reads, are not computed.

A filter whose weights are all zero gives one number, whatever it reads; a depthwise convolution or pooling of such a
channel does, too, where padding is no other number. What a dense convolution makes of it goes into its bias. Forward,
constant channels are found; backward, those that are read; the others are cut out of weights and biases. Results stay
the very same, as all of it is arithmetic of integers.
"""

from __future__ import annotations

from mgecc.graph import Graph, Node, Value
from mgecc.graph.symbolic import has_sizes
from mgecc.passes.channels import Constants, Mask, View, all_of, none_of, view_of

_MOST_CHANNELS = 1 << 22
"""Of all values: each is a number and a few bools here, and files may state any."""


def run(graph: Graph) -> None:
    views = {node: view for node in graph.nodes if (view := view_of(node)) is not None}
    if not views or any(has_sizes(v.shape) for v in graph.values()):
        return
    if sum(value.shape[1] for value in graph.values() if value.type.rank > 1) > _MOST_CHANNELS:
        return
    known = _constants(graph, views)
    kept = _widened(graph, views, _read(graph, views, known))
    for node, view in views.items():
        x, y = node.inputs[0], node.output
        if not (kept[x].all() and kept[y].all()):
            view.cut(kept[x], kept[y], known[x])


def _constants(graph: Graph, views: dict[Node, View]) -> dict[Value, Constants]:
    """Of every value what is known of its channels."""
    known = {value: Constants.unknown(value) for value in graph.values()}
    for node in graph.nodes:
        if node in views:
            known[node.output] = views[node].constants(known[node.inputs[0]])
    return known


def _read(graph: Graph, views: dict[Node, View], known: dict[Value, Constants]) -> dict[Value, Mask]:
    """Of every value the channels that some reader needs; one at least, as no tensor is empty."""
    outputs = graph.output_values()
    kept = {value: all_of(value) if value in outputs else none_of(value) for value in graph.values()}
    for node in reversed(graph.nodes):
        for value in node.outputs:
            if len(kept[value]) and not kept[value].any():
                kept[value][0] = True
        for position, value in enumerate(node.inputs):
            if node in views and position == 0:
                kept[value] |= views[node].reads(kept[node.output], known[value])
            elif position == 0 or not value.is_const:
                kept[value] |= all_of(value)
    return kept


def _widened(graph: Graph, views: dict[Node, View], kept: dict[Value, Mask]) -> dict[Value, Mask]:
    """With all channels of what cannot be cut, and of what is made of these one by one."""
    made = {node.output for node in views}
    kept = {value: mask if value in made else all_of(value) for value, mask in kept.items()}
    for node in graph.nodes:
        if node in views and views[node].is_channelwise:
            kept[node.output] = kept[node.inputs[0]]
    return kept
