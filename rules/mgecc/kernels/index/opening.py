"""A slice of one axis whose bounds are computed: its result has the largest size and ends with zeros."""

from __future__ import annotations

from functools import partial
from math import prod

from mgecc.graph import Node, Unsupported
from mgecc.kernels.base import Call, Candidate, Kernel, Param
from mgecc.ops.index_items import is_open, items_of
from mgecc.ops.known import known


def is_opening(node: Node) -> bool:
    """Whether the node is nothing but one slice with computed bounds."""
    items = items_of(node, 1)
    return len(items) == 1 and items[0].idx is None and is_open(node, items[0])


def _kernel(begin: bool, end: bool) -> Kernel:
    params: dict[str, Param] = {"begin": begin, "end": end}
    operands = [("x", "const unsigned char *")] + [("begin", "const int32_t *")] * begin
    operands += [("end", "const int32_t *")] * end + [("y", "unsigned char *")]
    return Kernel(
        f"slice_bytes{'_begin' * begin}{'_end' * end}",
        "index/opening.c.j2",
        tuple(operands),
        tuple((name, "int32_t") for name in ("outer", "n", "inner", "step", "most")),
        tuple(sorted(params.items())),
    )


def candidate(node: Node) -> Candidate:
    """Bounds are int32 numbers, step a constant."""
    (item,) = items_of(node, 1)
    bounds = [p for p in (item.begin, item.end) if p is not None]
    if any(node.inputs[p].type.dtype.name != "int32" for p in bounds):
        raise Unsupported("computed bounds of a slice must be int32")
    x = node.inputs[0]
    step = 1 if item.step is None else int(known(node, item.step)[0])
    outer, inner = prod(x.shape[: item.axis]), prod(x.shape[item.axis + 1 :]) * x.type.dtype.size
    numbers = (outer, x.shape[item.axis], inner, step, node.output.shape[item.axis])
    kernel = _kernel(item.begin is not None, item.end is not None)
    return Candidate(
        partial(_build, kernel, numbers, bounds),
        80 + 8 * node.output.type.elements,
        (1,) * len(node.inputs),
        (1,),
        400,
        why="slice with computed bounds, zeros behind it",
    )


def _build(kernel: Kernel, numbers: tuple[int, ...], bounds: list[int], node: Node) -> list[Call]:
    operands = (node.inputs[0], *(node.inputs[p] for p in bounds), node.output)
    return [Call(kernel, operands, numbers)]
