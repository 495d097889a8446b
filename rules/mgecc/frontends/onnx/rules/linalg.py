"""Products and determinants of matrices."""

from __future__ import annotations

from collections.abc import Sequence

from mgecc.graph import Unsupported
from mgecc.graph.attributes import NoAttrs

from . import OnnxNode, Tensor, TensorBuilder, rule


@rule("MatrixMul", "MatMul")
def matmul(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """A vector is a row on the left and a column on the right."""
    a, b = node.operand(0), node.operand(1)
    if 0 in (a.rank, b.rank):
        raise Unsupported("numbers of rank 0 have no matrix product", "multiply them by Mul")
    gone = [-2] * (a.rank == 1) + [-1] * (b.rank == 1)
    product = t.matmul(t.unsqueeze(a, [0]) if a.rank == 1 else a, t.unsqueeze(b, [1]) if b.rank == 1 else b)
    return [t.squeeze(product, gone)]


@rule("MatrixMul", "Gemm")
def gemm(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """alpha a b + beta c; the factors go into constants where there are any."""
    a, b, c = node.operand(0), node.operand(1), node.optional(2)
    if a.rank != 2 or b.rank != 2:
        raise Unsupported(f"operands of rank {a.rank} and {b.rank} are no matrices")
    alpha, beta = node.get("alpha", 1.0), node.get("beta", 1.0)
    if b.array is not None:
        b = _scaled(t, b, alpha)
    product = t.matmul(a, b, transpose_a=bool(node.get("transA", 0)), transpose_b=bool(node.get("transB", 0)))
    if b.array is None:
        product = _scaled(t, product, alpha)
    if c is None or beta == 0:
        return [product]
    return [t.elemwise("add", product, t.broadcast(_scaled(t, c, beta), _as_bias(c, product)))]


def _as_bias(c: Tensor, product: Tensor) -> Sequence[int]:
    """A bias stays a row where it is one."""
    return c.shape if c.rank <= 2 and c.elements in (1, product.shape[-1]) else product.shape


def _scaled(t: TensorBuilder, x: Tensor, factor: float) -> Tensor:
    if factor == 1.0:
        return x
    if not x.dtype.is_float and factor != int(factor):
        raise Unsupported(f"a product of integers by {factor} is not supported")
    return t.elemwise("mul", x, t.like(x, factor))


@rule("Determinant", "Det")
def determinant(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = node.operand(0)
    return [t.one("Determinant", NoAttrs(), x, dtype=x.dtype, shape=x.shape[:-2])]
