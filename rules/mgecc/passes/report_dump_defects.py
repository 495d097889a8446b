"""Report expressions that MegEngine's dump writes in the place of others; they are computed as the file says.

It runs before all other passes and tells the user.
"""

from __future__ import annotations

from collections.abc import Callable

from mgecc.graph import Diagnostics, Graph, Node
from mgecc.passes.match import match, scalar

_DUMP_ANEW = "; dump it anew if that is not what was meant"


def _clip(node: Node) -> str | None:
    """Both bounds of a clip with two numbers become the first one."""
    for pattern in (("min", ("max", "x", "lo"), "hi"), ("max", ("min", "x", "lo"), "hi")):
        found = match(pattern, node.output)
        numbers = [scalar(found[name]) for name in ("lo", "hi")] if found is not None else [None]
        if (
            found is not None
            and numbers[0] is not None
            and numbers[0] == numbers[1]
            and not found["x"].is_const
        ):
            return (
                f"both of its bounds are {numbers[0]:g}, so that is its result for every number: MegEngine dumps "
                "clip with two numbers like this; F.minimum(F.maximum(x, lower), upper) is dumped as it is"
            )
    return None


def _sign(node: Node) -> str | None:
    """sign(x) becomes (x < 0) - (0 < x)."""
    found = match(("sub", ("lt", "x", 0.0), ("lt", 0.0, "x")), node.output)
    if found is None or found["x"].is_const:
        return None
    return (
        "it is the opposite of a sign, 1 for negative numbers: MegEngine dumps sign like this; "
        "(x > 0) - (x < 0) of the comparisons as numbers is dumped as it is"
    )


_DEFECTS: tuple[Callable[[Node], str | None], ...] = (_clip, _sign)


def run(graph: Graph, problems: Diagnostics) -> None:
    """Add a note for every node that is probably not what the network's author wrote."""
    for node in graph.nodes:
        text = next((told for defect in _DEFECTS if (told := defect(node)) is not None), None)
        if text is not None:
            problems.note(node, text + _DUMP_ANEW)
