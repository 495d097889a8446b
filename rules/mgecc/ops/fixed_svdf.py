"""SVDF layers of quantised bytes, as TensorFlow Lite's reference kernels compute them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from mgecc.graph import Attributes, DType, Node, TensorType, Unsupported
from mgecc.graph.attributes import POSITIVE
from mgecc.ops.fixed_order import matmul
from mgecc.ops.registry import Operator, operator
from mgecc.ops.rescale import Rescale

_MOST_TERMS = 1 << 15


@dataclass(frozen=True)
class FixedSVDFAttrs(Attributes):
    """``rank``: filters of a unit. ``feature``: the factor of products of data and weights that are kept.
    ``rescale``, ``dtype``: of the results.
    """

    rank: Annotated[int, POSITIVE]
    feature: float
    rescale: Rescale
    dtype: DType


def _check_types(x: DType, kept: DType, feature: DType, time: DType, y: DType) -> None:
    is_served = {x.name, feature.name, y.name} == {"qint8"} and kept.name == time.name
    if not is_served or kept.name not in ("qint8", "qint16") or feature.zero_point or time.zero_point:
        why = f"an SVDF of {x} data that keeps {kept}, with weights {feature} and {time}, is not supported"
        raise Unsupported(why)
    if kept.name == "qint16" and kept.zero_point:
        raise Unsupported(f"an SVDF that keeps {kept} numbers is not supported")


@operator("FixedSVDF")
class FixedSVDF(Operator):
    """Inputs x (n, in), kept (n, filters * memory), weights of the data (filters, in) and of time (filters, memory),
    biases (units); results kept and y (n, units). Each filter keeps its last products, the oldest first.

    Source: EvalIntegerSvdfReference of micro/kernels/svdf_common.cc of TensorFlow Lite Micro.
    """

    Attributes = FixedSVDFAttrs
    operands = "number number number number integer"
    limits = "quantised bytes with 8 or 16 bits kept; constant weights"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, kept, feature, time, bias = (v.type for v in node.inputs)
        attrs = node.attributes(FixedSVDFAttrs)
        attrs.rescale.check(1, attrs.dtype)
        Rescale("double", (attrs.feature,), *attrs.dtype.range).check(1, attrs.dtype)
        _check_types(x.dtype, kept.dtype, feature.dtype, time.dtype, attrs.dtype)
        if any(t.rank != 2 or not t.elements for t in (x, kept, feature, time)):
            raise Unsupported(f"an SVDF cannot read {x}, {kept}, {feature} and {time}")
        filters, memory = time.shape
        if feature.shape != (filters, x.shape[1]) or kept.shape != (x.shape[0], filters * memory):
            raise Unsupported(f"weights {feature} and {time} do not fit {x} and {kept}")
        if filters % attrs.rank or bias.shape != (filters // attrs.rank,):
            raise Unsupported(f"{filters} filters are no units of {attrs.rank} with biases {bias}")
        if max(x.shape[1], attrs.rank * memory) > _MOST_TERMS:
            raise Unsupported(f"weights {feature} and {time} have no sums of 32 bits")
        return [kept, TensorType((x.shape[0], filters // attrs.rank), attrs.dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, kept, feature, time, bias = (a.astype(np.int64) for a in inputs)
        attrs, stored = node.attributes(FixedSVDFAttrs), node.inputs[1].type.dtype
        sums = matmul(x - node.inputs[0].type.dtype.zero_point, feature.T)
        plain = DType(stored.name)
        by = Rescale("double", (attrs.feature,), *plain.range)
        new = by.apply(sums, plain).astype(np.int64) + stored.zero_point
        old = kept.reshape(len(x), *time.shape)
        kept = np.concatenate([old[:, :, 1:], new[:, :, None]], axis=2).astype(stored.numpy)
        products = (kept.astype(np.int64) - stored.zero_point) * time
        totals = products.reshape(len(x), -1, attrs.rank * time.shape[1]).sum(axis=2) + bias
        return [kept.reshape(len(x), -1), attrs.rescale.apply(_wrapped(totals), attrs.dtype)]


def _wrapped(sums: np.ndarray) -> np.ndarray:
    """As 32 bits hold them: products of 16 bits may need more."""
    return sums.astype(np.int32).astype(np.int64)
