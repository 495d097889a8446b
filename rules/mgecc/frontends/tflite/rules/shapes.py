"""Shapes: reshapes, transposes, joins, parts, padding."""

from __future__ import annotations

from collections.abc import Sequence

from mgecc.frontends import compose
from mgecc.graph import Unsupported
from mgecc.ops.known import axis_of

from ..activations import activated
from . import Tensor, TensorBuilder, TfliteNode, rule

Span = tuple[int | None, int | None, int]


@rule("Reshape", "RESHAPE")
def reshape(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The shape is an operand, or an option in old files; -1 is what remains."""
    x, stated = node.operand(0), node.optional(1)
    shape = list(node.get("new_shape", ())) if stated is None else stated.integers
    return [compose.reshaped(t, x, shape)]


@rule("AxisAddRemove", "SQUEEZE")
def squeeze(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = node.operand(0)
    return [t.squeeze(x, node.get("squeeze_dims") or [axis for axis, n in enumerate(x.shape) if n == 1])]


@rule("AxisAddRemove", "EXPAND_DIMS")
def expand_dims(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.unsqueeze(node.operand(0), node.operand(1).integers)]


@rule("Dimshuffle", "TRANSPOSE")
def transpose(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.transpose(node.operand(0), node.operand(1).integers)]


@rule("Broadcast", "BROADCAST_TO")
def broadcast_to(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.broadcast(node.operand(0), node.operand(1).integers)]


@rule("Concat", "CONCATENATION")
def concatenation(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    y = t.concat(node.given, node.require("axis"))
    return [activated(t, y, node.get("fused_activation_function", "NONE"))]


@rule("Concat", "PACK")
def pack(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    axis = axis_of(node.require("axis"), node.operand(0).rank + 1)
    return [t.concat([t.unsqueeze(x, [axis]) for x in node.given], axis)]


@rule("Split", "UNPACK")
def unpack(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = node.operand(0)
    axis = axis_of(node.require("axis"), x.rank)
    return [t.squeeze(part, [axis]) for part in t.split(x, axis, [1] * x.shape[axis])]


@rule("Split", "SPLIT")
def split(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    axis, x, count = node.operand(0).integers[0], node.operand(1), node.require("num_splits")
    size = x.shape[axis_of(axis, x.rank)]
    if not count or size % count:
        raise Unsupported(f"an axis of {size} cannot be cut into {count} equal parts")
    return t.split(x, axis, [size // count] * count)


@rule("Split", "SPLIT_V")
def split_v(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, sizes, axis = node.operand(0), node.operand(1).integers, node.operand(2).integers[0]
    rest = x.shape[axis_of(axis, x.rank)] - sum(n for n in sizes if n >= 0)
    return t.split(x, axis, [rest if n < 0 else n for n in sizes])


@rule("Subtensor", "SLICE")
def slice_(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """A size of -1 goes to the end."""
    x, begins, sizes = node.operand(0), node.operand(1).integers, node.operand(2).integers
    spans = {
        axis: (begin, x.shape[axis] if size < 0 else begin + size, 1)
        for axis, (begin, size) in enumerate(zip(begins, sizes))
    }
    return [t.slice(x, spans)]


@rule("Subtensor", "STRIDED_SLICE")
def strided_slice(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Masks are bits, one for each stated axis: no begin, no end, new axis, one position only, axes in the middle."""
    x, stated = node.operand(0), list(zip(*(node.operand(k).integers for k in (1, 2, 3))))
    no_begin, no_end, new, single, dots = (
        _bits(node.require(f"{name}_mask"), len(stated))
        for name in ("begin", "end", "new_axis", "shrink_axis", "ellipsis")
    )
    spans, axis = dict[int, Span](), 0
    kept = list[int | None]()  # of each axis of the result the axis that it was, None for a new one
    for k, (begin, end, step) in enumerate(stated):
        if dots[k]:
            items = sum(1 for j in range(len(stated)) if not dots[j] and not new[j])
            kept += range(axis, axis + x.rank - items)
            axis += x.rank - items
        elif new[k]:
            kept.append(None)
        else:
            end = begin + end if node.get("offset") else end
            spans[axis] = _span(begin, end, step, single[k], no_begin[k], no_end[k], x.shape[axis])
            kept += [] if single[k] else [axis]
            axis += 1
    y = t.slice(x, spans)
    return [t.reshape(y, [1 if a is None else y.shape[a] for a in (*kept, *range(axis, x.rank))])]


def _bits(mask: int, count: int) -> list[bool]:
    return [bool(mask >> k & 1) for k in range(count)]


def _span(begin: int, end: int, step: int, single: bool, no_begin: bool, no_end: bool, size: int) -> Span:
    if single:
        begin = begin + size if begin < 0 else begin
        return begin, begin + 1, 1
    first, last = (None if no_begin else begin), (None if no_end else end)
    if last is not None and step < 0 and last < -size:
        last = None
    return first, last, step


@rule("Flip", "REVERSE_V2")
def reverse(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.flip(node.operand(0), node.operand(1).integers)]


@rule("Padding", "PAD", "PADV2")
def pad(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    value = node.optional(2)
    return [
        t.pad(
            node.operand(0),
            _pairs(node),
            "constant",
            0.0 if value is None else float(value.known.reshape(-1)[0]),
        )
    ]


@rule("Padding", "MIRROR_PAD")
def mirror_pad(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """SYMMETRIC repeats the edge: reflection of what has the edge twice."""
    x, pairs = node.operand(0), _pairs(node)
    if node.get("mode") == "REFLECT":
        return [t.pad(x, pairs, "reflect")]
    for axis, (before, after) in enumerate(pairs):
        parts = [t.slice(x, {axis: (0, before, 1)}), x, t.slice(x, {axis: (x.shape[axis] - after, None, 1)})]
        parts = [t.flip(parts[0], [axis]), x, t.flip(parts[2], [axis])]
        x = t.concat([p for p, n in zip(parts, (before, 1, after)) if n], axis)
    return [x]


def _pairs(node: TfliteNode) -> list[tuple[int, int]]:
    known = node.operand(1).known
    if known.ndim != 2 or known.shape[1] != 2:
        raise Unsupported(f"its paddings have the shape {list(known.shape)}", node.remedy)
    return [(int(b), int(e)) for b, e in known]


@rule("Broadcast", "TILE")
def tile(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [compose.tiled(t, node.operand(0), node.operand(1).integers)]
