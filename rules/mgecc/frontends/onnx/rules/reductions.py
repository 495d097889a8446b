"""Sums, products, extremes and norms over axes; places of extremes; running sums; the first of an order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from mgecc.frontends.compose import top_k
from mgecc.frontends.tensors import INT64
from mgecc.graph import Unsupported
from mgecc.graph.types import INT32
from mgecc.ops.cumulative import CumulativeAttrs
from mgecc.ops.known import axis_of
from mgecc.ops.sorting import ArgReduceAttrs

from . import OnnxNode, Tensor, TensorBuilder, rule

_LARGEST = float(np.finfo(np.float32).max)
Reduction = Callable[[TensorBuilder, Tensor, list[int], bool], Tensor]


def _axes(node: OnnxNode) -> list[int]:
    """The axes of its second operand; without any all, or none where ``noop_with_empty_axes`` says so."""
    x, stated = node.operand(0), node.optional(1)
    axes = [] if stated is None else stated.integers
    if axes or node.get("noop_with_empty_axes", 0):
        return sorted({axis_of(axis, x.rank) for axis in axes})
    return list(range(x.rank))


def _reduction(name: str) -> Callable[[Reduction], Reduction]:
    def register(reduction: Reduction) -> Reduction:
        def translate(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
            return [reduction(t, node.operand(0), _axes(node), bool(node.get("keepdims", 1)))]

        rule("Reduce", name)(translate)
        return reduction

    return register


def _plain(mode: str) -> Reduction:
    return lambda t, x, axes, keep: t.reduce(mode, x, axes, keep)


for _name, _mode in (("Sum", "sum"), ("Prod", "product"), ("Max", "max"), ("Min", "min")):
    _reduction(f"Reduce{_name}")(_plain(_mode))


@_reduction("ReduceMean")
def mean(t: TensorBuilder, x: Tensor, axes: list[int], keep: bool) -> Tensor:
    """Of integers: toward zero."""
    if x.dtype.is_float or x.array is not None:
        return t.reduce("mean", x, axes, keep)
    count = prod(x.shape[axis] for axis in axes)
    wide = t.cast(x, INT32) if x.value.type.dtype.size < INT32.size else x
    return t.cast(t.elemwise("trunc_div", t.reduce("sum", wide, axes, keep), t.like(wide, count)), x.dtype)


@_reduction("ReduceL1")
def norm_1(t: TensorBuilder, x: Tensor, axes: list[int], keep: bool) -> Tensor:
    return t.reduce("sum", t.elemwise("abs", x), axes, keep)


@_reduction("ReduceSumSquare")
def sum_squares(t: TensorBuilder, x: Tensor, axes: list[int], keep: bool) -> Tensor:
    """Without axes too: the squares."""
    return t.reduce("sum_squares", x, axes, keep) if axes else t.elemwise("mul", x, x)


@_reduction("ReduceL2")
def norm_2(t: TensorBuilder, x: Tensor, axes: list[int], keep: bool) -> Tensor:
    if not axes:
        return t.elemwise("abs", x)
    return t.elemwise("sqrt", sum_squares(t, x, axes, keep))


@_reduction("ReduceLogSum")
def log_sum(t: TensorBuilder, x: Tensor, axes: list[int], keep: bool) -> Tensor:
    return t.elemwise("log", t.reduce("sum", x, axes, keep))


@_reduction("ReduceLogSumExp")
def log_sum_exp(t: TensorBuilder, x: Tensor, axes: list[int], keep: bool) -> Tensor:
    """By distances from the largest number, which counts as finite."""
    if not axes:
        return x
    if 0 in x.shape:
        return log_sum(t, t.elemwise("exp", x), axes, keep)
    top = t.reduce("max", x, axes, True)
    top = t.elemwise("max", t.elemwise("min", top, t.like(x, _LARGEST)), t.like(x, -_LARGEST))
    total = t.reduce("sum", t.elemwise("exp", t.elemwise("sub", x, top)), axes, True)
    result = t.elemwise("add", t.elemwise("log", total), top)
    return result if keep else t.squeeze(result, axes)


@rule("Argmax", "ArgMax")
def arg_max(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [_position("Argmax", node, t)]


@rule("Argmin", "ArgMin")
def arg_min(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [_position("Argmin", node, t)]


def _position(op: str, node: OnnxNode, t: TensorBuilder) -> Tensor:
    """The first extreme, or the last: the first from the end."""
    x = node.operand(0)
    axis = axis_of(node.get("axis", 0), x.rank)
    last = node.get("select_last_index", 0)
    found = t.one(op, ArgReduceAttrs(axis), t.flip(x, [axis]) if last else x, dtype=INT64)
    if last:
        found = t.elemwise("sub", t.like(found, x.shape[axis] - 1), found)
    return found if node.get("keepdims", 1) else t.squeeze(found, [axis])


@rule("Cumsum", "CumSum")
def cumulative_sum(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    attrs = CumulativeAttrs(*_running(node))
    return [t.one("Cumsum", attrs, node.operand(0), dtype=node.operand(0).dtype)]


@rule("Cumprod", "CumProd")
def cumulative_product(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    attrs = CumulativeAttrs(*_running(node))
    return [t.one("Cumprod", attrs, node.operand(0), dtype=node.operand(0).dtype)]


def _running(node: OnnxNode) -> tuple[int, bool, bool]:
    x, axis = node.operand(0), node.operand(1).integers
    if len(axis) != 1:
        raise Unsupported(f"{axis} is not an axis")
    return axis_of(axis[0], x.rank), bool(node.get("exclusive", 0)), bool(node.get("reverse", 0))


@rule("TopK", "TopK")
def best(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Sorted whether asked for or not; of equal elements those that come first."""
    x, (k, *_) = node.operand(0), node.operand(1).integers
    axis = axis_of(node.get("axis", -1), x.rank)
    order = [a for a in range(x.rank) if a != axis] + [axis]
    found = top_k(t, t.transpose(x, order), k, bool(node.get("largest", 1)))
    back = [order.index(a) for a in range(x.rank)]
    return [t.transpose(part, back) for part in found]
