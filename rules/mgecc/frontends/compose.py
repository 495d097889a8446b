"""Operators that formats share, composed of the verbs of ``tensors``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import prod

import numpy as np

from mgecc.graph import DType, Unsupported
from mgecc.graph.symbolic import at_max_sizes, has_sizes
from mgecc.ops.sorting import TopKAttrs

from .build import MAX_FOLDED
from .node import FileNode
from .tensors import INT64, Tensor, TensorBuilder

Translate = Callable[[FileNode, TensorBuilder], Sequence[Tensor]]


def check_table(*shape: int) -> None:
    """Unsupported for a table of numbers of 64 bits that is too large to make."""
    if at_max_sizes(prod(shape)) * 8 > MAX_FOLDED:
        raise Unsupported(f"a constant of shape {list(shape)} is too large", "make the shapes smaller")


def unary(mode: str) -> Translate:
    """The rule of one operand and no attributes."""
    return lambda node, t: [t.elemwise(mode, node.operand(0))]


def comparison(mode: str, swapped: bool = False) -> Translate:
    """The rule of a comparison; ``swapped``: of the second operand with the first."""
    a, b = (1, 0) if swapped else (0, 1)
    return lambda node, t: [t.compare(mode, node.operand(a), node.operand(b))]


def sizes_of(t: TensorBuilder, shape: Sequence[int], dtype: DType) -> Tensor:
    """A shape as a vector of integers; those that depend on declared sizes stay expressions."""
    return t.constant(np.array(shape, object if has_sizes(shape) else dtype.numpy), dtype)


def reshaped(t: TensorBuilder, x: Tensor, stated: Iterable[int]) -> Tensor:
    """The same elements in a stated shape, of which one size may be -1: what remains."""
    shape = list(stated)
    if shape.count(-1) == 1:
        rest = prod(n for n in shape if n != -1)
        shape[shape.index(-1)] = x.elements // rest if rest else 0
    return t.reshape(x, shape)


def tiled(t: TensorBuilder, x: Tensor, repeats: Sequence[int]) -> Tensor:
    """Every axis repeated as a whole."""
    if len(repeats) != x.rank:
        raise Unsupported(f"{len(repeats)} repeats do not fit the {x.rank} axes")
    for axis, count in enumerate(repeats):
        if count == 1:
            continue
        before, behind = x.shape[:axis], x.shape[axis:]
        lines = t.reshape(x, (prod(before), 1, prod(behind)))
        stretched = t.broadcast(lines, (prod(before), count, prod(behind)))
        x = t.reshape(stretched, (*before, count * behind[0], *behind[1:]))
    return x


def softmax(t: TensorBuilder, x: Tensor, axis: int) -> Tensor:
    """By distances from the largest number, every step rounded to the type of the data."""
    exponentials = t.elemwise("exp", t.elemwise("sub", x, t.reduce("max", x, [axis], True)))
    return t.elemwise("true_div", exponentials, t.reduce("sum", exponentials, [axis], True))


def log_softmax(t: TensorBuilder, x: Tensor, axis: int) -> Tensor:
    """By distances from the largest number."""
    away = t.elemwise("sub", x, t.reduce("max", x, [axis], True))
    total = t.reduce("sum", t.elemwise("exp", away), [axis], True)
    return t.elemwise("sub", away, t.elemwise("log", total))


def top_k(
    t: TensorBuilder, x: Tensor, k: int, largest: bool = True, positions: DType = INT64
) -> tuple[Tensor, Tensor]:
    """The first ``k`` of each row in order, and where they were; of equal elements those that come first."""
    outer = x.shape[:-1]
    rows, count = t.reshape(x, (prod(outer), x.shape[-1])), np.array([-k if largest else k], np.int32)
    values, places = t.add("TopK", TopKAttrs(), rows, t.constant(count))
    found = Tensor(values.value, values.shape, x.dtype), Tensor(places.value, places.shape, positions)
    first, second = (t.reshape(part, (*outer, k)) for part in found)
    return first, second
