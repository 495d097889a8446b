"""Reductions, softmax, positions of extremes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mgecc.frontends import compose
from mgecc.graph.types import BOOL, INT32
from mgecc.ops.cumulative import CumulativeAttrs
from mgecc.ops.normalization import LRNAttrs, SoftmaxAttrs
from mgecc.ops.sorting import ArgReduceAttrs

from ..constants import dtype_of
from ..images import channels_first, channels_last
from . import Tensor, TensorBuilder, TfliteNode, rule

_MODES = {"SUM": "sum", "MEAN": "mean", "REDUCE_MAX": "max", "REDUCE_MIN": "min", "REDUCE_PROD": "product"}


def _reduction(mode: str) -> Callable[[TfliteNode, TensorBuilder], Sequence[Tensor]]:
    def translate(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
        axes = node.operand(1).integers
        return [t.reduce(mode, node.operand(0), axes, bool(node.get("keep_dims")))]

    return translate


for _type, _mode in _MODES.items():
    rule("Reduce", _type)(_reduction(_mode))


@rule("Reduce", "REDUCE_ANY", "REDUCE_ALL")
def logical(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    mode = "max" if node.type == "REDUCE_ANY" else "min"
    bits = t.cast(node.operand(0), INT32)
    found = t.reduce(mode, bits, node.operand(1).integers, bool(node.get("keep_dims")))
    return [t.cast(found, BOOL)]


@rule("Softmax", "SOFTMAX")
def softmax(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, beta = node.operand(0), node.require("beta")
    if beta != 1:
        x = t.elemwise("mul", x, t.like(x, beta))
    return [t.one("Softmax", SoftmaxAttrs(x.rank - 1), x)]


@rule("Softmax", "LOG_SOFTMAX")
def log_softmax(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [compose.log_softmax(t, node.operand(0), -1)]


@rule("Elemwise", "L2_NORMALIZATION")
def l2_normalization(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = node.operand(0)
    length = t.elemwise("sqrt", t.elemwise("max", t.reduce("sum_squares", x, [-1], True), t.like(x, 1e-6)))
    return [t.elemwise("true_div", x, length)]


@rule("LRN", "LOCAL_RESPONSE_NORMALIZATION")
def local_response(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    attrs = LRNAttrs(2 * node.require("radius") + 1, *map(node.require, ("bias", "alpha", "beta")))
    return [channels_last(t, t.one("LRN", attrs, channels_first(t, node.operand(0))))]


def _position(op: str) -> Callable[[TfliteNode, TensorBuilder], Sequence[Tensor]]:
    def translate(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
        x, axis = node.operand(0), node.operand(1).integers[0] % node.operand(0).rank
        found = t.one(op, ArgReduceAttrs(axis), x, dtype=INT32)
        shape = [n for k, n in enumerate(x.shape) if k != axis]
        return [t.cast(t.reshape(found, shape), dtype_of(node.outputs[0]))]

    return translate


rule("Argmax", "ARG_MAX")(_position("Argmax"))
rule("Argmin", "ARG_MIN")(_position("Argmin"))


@rule("Cumsum", "CUMSUM")
def cumsum(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, axis = node.operand(0), node.operand(1).integers[0]
    attrs = CumulativeAttrs(axis, bool(node.get("exclusive")), bool(node.get("reverse")))
    return [t.one("Cumsum", attrs, x, dtype=x.dtype)]
