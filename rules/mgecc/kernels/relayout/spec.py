"""RelayoutFormat of activations (move.c.j2); changes of weights are made at compile time."""

from __future__ import annotations

from collections.abc import Iterator

from mgecc.graph import Node, Unsupported
from mgecc.kernels.base import Call, Candidate, Kernel, serves
from mgecc.kernels.plain import plain_candidate
from mgecc.kernels.strides import dense
from mgecc.ops import layout
from mgecc.ops.relayout import RelayoutFormatAttrs, change_of
from mgecc.targets import Target


def _steps(shape: tuple[int, ...], word: str, lanes: int) -> tuple[int, ...]:
    """Strides by batch, channel block, row, column and lane of a value stored in the layout ``word``."""
    own = dict(zip(word, dense(shape)))
    blocked = "C" in own
    block, lane = (own["c"], own["C"]) if blocked else (own["c"] * lanes, own["c"])
    return own["n"], block, own["h"], own["w"], lane


def _lanes(node: Node, change: RelayoutFormatAttrs) -> int:
    sides = ((change.source, node.inputs[0].shape), (change.target, node.output.shape))
    return max(dict(zip(word, shape)).get("C", 1) for word, shape in sides)


def _build(node: Node) -> list[Call]:
    change, x, y = change_of(node), node.inputs[0], node.output
    lanes, fills = _lanes(node, change), "C" in change.target
    source, target = (layout.plain_shape(v.shape, w) for v, w in ((x, change.source), (y, change.target)))
    (n, _, h, w), channels = source, min(source[1], target[1])
    blocks = -(-(target[1] if fills else channels) // lanes)
    bits = 8 * x.type.dtype.size
    names = ["n", "blocks", "h", "w", "lanes", "channels", *(f"{v}{i}" for v in "xy" for i in range(5))]
    kernel = Kernel(
        f"relayout_b{bits}{'_fill' if fills else ''}",
        "relayout/move.c.j2",
        (("x", f"const uint{bits}_t *"), ("y", f"uint{bits}_t *")),
        tuple((name, "int32_t") for name in names + (["fill"] if fills else [])),
        (("bits", bits), ("fill", fills)),
    )
    steps = (*_steps(x.shape, change.source, lanes), *_steps(y.shape, change.target, lanes))
    numbers = (n, blocks, h, w, lanes, channels, *steps, *([x.type.dtype.zero_point] if fills else []))
    return [Call(kernel, (x, y), numbers)]


@serves("RelayoutFormat")
def relayout(node: Node, target: Target) -> Iterator[Candidate]:
    """Element by element."""
    change = change_of(node)
    if change.plain != "nchw":
        why = f"weights that become {change.target} are computed by the model"
        raise Unsupported(why, "make them parameters")
    if node.inputs[0].type.dtype.numpy != node.output.type.dtype.numpy:
        raise Unsupported(
            f"{node.inputs[0].type} becomes {node.output.type} on the way", "convert it separately"
        )
    yield plain_candidate(node, _build, 50 + 6.0 * node.output.type.elements, "element by element")
