"""Recognise activations that the file spells out: clip as MAX/MIN, hard-swish, SiLU, leaky ReLU and others."""

from __future__ import annotations

from mgecc.graph import Graph, Node, Value
from mgecc.passes.build import constant, elemwise, take_over
from mgecc.passes.match import Pattern, is_elemwise, match, scalar

_CLIP_3: Pattern = ("clip", ("add", "x", 3.0), 0.0, 6.0)
_HSIGMOID: tuple[Pattern, ...] = (("true_div", _CLIP_3, 6.0), ("mul", _CLIP_3, 1 / 6), ("hsigmoid", "x"))

# What the expression is -> how files write it. Tried on every element-wise node in order of computation.
_FORMS: dict[str, tuple[Pattern, ...]] = {
    "hsigmoid": _HSIGMOID[:2],
    "h_swish": (
        *(("mul", "x", form) for form in _HSIGMOID),
        ("true_div", ("mul", "x", _CLIP_3), 6.0),
        ("mul", ("mul", "x", _CLIP_3), 1 / 6),
    ),
    "silu": (("mul", "x", ("sigmoid", "x")),),
    "relu": (("max", "x", 0.0),),
}
_CLIPS: tuple[Pattern, ...] = (("min", ("max", "x", "lo"), "hi"), ("min", ("relu", "x"), "hi"))


def _clip(node: Node) -> Node | None:
    """min(max(x, lo), hi) with numbers lo <= hi."""
    for pattern in _CLIPS:
        found = match(pattern, node.output)
        if found is None or found["x"].is_const:
            continue
        lo = found["lo"] if "lo" in found else constant("zero", [0.0], found["x"].type.dtype)
        low, high = scalar(lo), scalar(found["hi"])
        if low is not None and high is not None and low <= high and found["x"].type == node.output.type:
            return elemwise(node, "clip", found["x"], lo, found["hi"])
    return None


def _relu6(node: Node) -> Node | None:
    if not is_elemwise(node, "relu6"):
        return None
    dtype = node.inputs[0].type.dtype
    lo, hi = (constant(f"{node.name}.{n}", [v], dtype) for n, v in (("lo", 0.0), ("hi", 6.0)))
    return elemwise(node, "clip", node.inputs[0], lo, hi)


def _named(node: Node) -> Node | None:
    for mode, patterns in _FORMS.items():
        for pattern in patterns:
            found = match(pattern, node.output)
            if found is not None and _whole(found["x"], node):
                return elemwise(node, mode, found["x"])
    return None


def _whole(x: Value, node: Node) -> bool:
    return not x.is_const and x.type == node.output.type


def run(graph: Graph) -> None:
    """Rewrites in order, so that inner forms (clip) are there when outer ones (hard-swish) are tried."""
    for position, node in enumerate(graph.nodes):
        if node.op != "Elemwise" or not node.output.type.dtype.is_float:
            continue
        for rule in (_relu6, _clip, _named):
            new = rule(graph.nodes[position])
            if new is not None:
                graph.nodes[position] = take_over(new, graph.nodes[position])
    graph.sweep()
