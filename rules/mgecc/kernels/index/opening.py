"""Slices whose bounds are computed: their results have the largest size and end with zeros.

Where the node has a second result (passes.carry_valid_counts adds it to nodes with one such slice), it is the
number of elements taken, one int32.
"""

from __future__ import annotations

from math import prod

from mgecc.graph import Node, TensorType, Unsupported, Value
from mgecc.kernels.base import Call, Kernel, Operand, Param, Workspace
from mgecc.ops.index_items import IndexAttrs, Item, is_open, items_of
from mgecc.ops.known import known
from mgecc.ops.registry import find


def open_items(node: Node) -> list[Item]:
    """The slices with computed bounds."""
    return [item for item in items_of(node, 1) if item.idx is None and is_open(node, item)]


def rest_of(node: Node) -> Node:
    """The read without its computed slices: a node of the same operator, whose result those slices then cut."""
    x, *_ = node.inputs
    inputs, kept = [x], []
    for item, flags in zip(items_of(node, 1), node.attributes(IndexAttrs).items):
        if item not in open_items(node):
            positions = (item.begin, item.end, item.step, item.idx)
            inputs += [node.inputs[p] for p in positions if p is not None]
            kept.append(flags)
    rest = Node(node.op, node.name, IndexAttrs(tuple(kept)), inputs, origin=node.origin)
    rest.outputs = [Value(f"{node.name}.whole", kind, rest) for kind in find(node.op).infer(rest)]
    return rest


def _kernel(begin: bool, end: bool, counted: bool) -> Kernel:
    params: dict[str, Param] = {"begin": begin, "counted": counted, "end": end}
    operands = [("x", "const unsigned char *")] + [("begin", "const int32_t *")] * begin
    operands += [("end", "const int32_t *")] * end + [("y", "unsigned char *")]
    operands += [("size", "int32_t *")] * counted
    return Kernel(
        f"slice_bytes{'_begin' * begin}{'_end' * end}{'_counted' * counted}",
        "index/opening.c.j2",
        tuple(operands),
        tuple((name, "int32_t") for name in ("outer", "n", "inner", "step", "most")),
        tuple(sorted(params.items())),
    )


def check(node: Node) -> None:
    """Unsupported for bounds that the kernel does not read."""
    positions = [p for item in open_items(node) for p in (item.begin, item.end) if p is not None]
    if any(node.inputs[p].type.dtype.name != "int32" for p in positions):
        raise Unsupported("computed bounds of a slice must be int32", "cast them to int32")


def cuts(node: Node, whole: TensorType, source: Operand) -> list[Call]:
    """The calls that cut ``source``, a value of type ``whole``, by one computed slice after another."""
    gone = [item.axis for item in items_of(node, 1) if item.idx is not None]
    calls, shape, found = [], list(whole.shape), open_items(node)
    for item in found:
        axis = item.axis - sum(a < item.axis for a in gone)
        most = node.output.shape[axis]
        after = [*shape[:axis], most, *shape[axis + 1 :]]
        to: Operand = node.output if item is found[-1] else Workspace(max(1, prod(after)) * whole.dtype.size)
        step = 1 if item.step is None else int(known(node, item.step)[0])
        inner = prod(shape[axis + 1 :]) * whole.dtype.size
        bounds = [node.inputs[p] for p in (item.begin, item.end) if p is not None]
        size = node.outputs[1:]
        kernel = _kernel(item.begin is not None, item.end is not None, bool(size))
        numbers = (prod(shape[:axis]), shape[axis], inner, step, most)
        calls.append(Call(kernel, (source, *bounds, to, *size), numbers))
        source, shape = to, after
    return calls
