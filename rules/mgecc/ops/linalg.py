"""Matrix inverse, determinant and singular value decomposition of (..., m, n)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.ops.factorise import determinant, inverse, svd
from mgecc.ops.registry import Operator, operator


@dataclass(frozen=True)
class SVDAttrs(Attributes):
    """``compute_uv``: whether u and v are results, square if ``full_matrices``, else of min(m, n) columns and rows."""

    full_matrices: bool = False
    compute_uv: bool = True


def _square(node: Node, what: str) -> TensorType:
    x = node.inputs[0].type
    if x.rank < 2 or x.shape[-1] != x.shape[-2]:
        raise Unsupported(f"a value of shape {list(x.shape)} has no {what}")
    return x


@operator("MatrixInverse")
class MatrixInverse(Operator):
    """Inverses of square matrices."""

    operands = "float"
    limits = "square matrices of float32"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return [_square(node, "inverse")]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x = inputs[0].astype(np.float64)
        try:
            return [inverse(x.reshape(-1, *x.shape[-2:])).reshape(x.shape)]
        except ValueError:
            raise Unsupported("the inverse of a singular matrix does not exist") from None


@operator("Determinant")
class Determinant(Operator):
    """Determinants of square matrices; of one matrix the shape is (1)."""

    operands = "float"
    limits = "square matrices of float32"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x = _square(node, "determinant")
        return [x.with_shape(x.shape[:-2] or (1,))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x = inputs[0].astype(np.float64)
        with np.errstate(all="ignore"):
            return [determinant(x.reshape(-1, *x.shape[-2:])).reshape(x.shape[:-2] or (1,))]


@operator("SVD")
class SVD(Operator):
    """x = u diag(s) v; only s when compute_uv is false. The signs of u and v are not determined."""

    Attributes = SVDAttrs
    operands = "float"
    limits = "matrices of float32"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, attrs = node.inputs[0].type, node.attributes(SVDAttrs)
        if x.rank < 2:
            raise Unsupported("singular values need a matrix")
        *outer, m, n = x.shape
        k = min(m, n)
        singular = x.with_shape((*outer, k))
        if not attrs.compute_uv:
            return [singular]
        left, right = (m, n) if attrs.full_matrices else (k, k)
        return [x.with_shape((*outer, m, left)), singular, x.with_shape((*outer, right, n))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, attrs = inputs[0].astype(np.float64), node.attributes(SVDAttrs)
        results = svd(x.reshape(-1, *x.shape[-2:]), attrs.full_matrices)
        wanted = results if attrs.compute_uv else results[1:2]
        return [r.reshape(value.shape) for r, value in zip(wanted, node.outputs)]
