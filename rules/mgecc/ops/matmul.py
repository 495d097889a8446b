"""Matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Attributes, DType, Node, TensorType, Unsupported
from mgecc.graph.symbolic import at_max_sizes
from mgecc.ops.activation import IDENTITY, Activation
from mgecc.ops.arithmetic import (
    Numbers,
    check_rescale,
    finish_node,
    output_type,
    stretches,
    wide_terms,
    widen,
)
from mgecc.ops.counted import Extent, Extents, Given, Maker, one_by_one
from mgecc.ops.fixed_order import matmul
from mgecc.ops.registry import Operator, operator
from mgecc.ops.rescale import Rescale
from mgecc.ops.spans import Span, products, sums


@dataclass(frozen=True)
class MatrixMulAttrs(Attributes):
    """Whether operands are stored transposed, and what follows the sums.

    ``output_dtype``: of the result, where it is not that of the sums. ``wide_sums``: halves are added up in float32.
    ``weights_f16``: constant float32 weights are halves, and stored as such. ``rescale``: how sums of quantised bytes
    become stored numbers, where not by the ratio of their scales.
    """

    transpose_a: bool = False
    transpose_b: bool = False
    activation: Activation = IDENTITY
    output_dtype: DType | None = None
    wide_sums: bool = False
    weights_f16: bool = False
    rescale: Rescale | None = None


def _transposed(node: Node) -> tuple[bool, bool]:
    attrs = node.attributes(MatrixMulAttrs)
    return attrs.transpose_a, attrs.transpose_b


def _shape(node: Node, rank: int) -> tuple[int, ...]:
    """Shape of the product; Unsupported when the operands do not fit each other."""
    (turn_a, turn_b), (a, b) = _transposed(node), [v.shape for v in node.inputs[:2]]
    if len(a) != rank or len(b) != rank or a[:-2] != b[:-2]:
        raise Unsupported(f"matrices of shapes {list(a)} and {list(b)} do not fit")
    rows, inner = a[:-3:-1] if turn_a else a[-2:]
    other, columns = b[:-3:-1] if turn_b else b[-2:]
    if inner != other:
        raise Unsupported(f"{inner} columns meet {other} rows")
    return (*a[:-2], rows, columns)


def _total_type(node: Node) -> DType:
    """Type of the unrounded product: 4-bit products are kept in 16 bits when no type is stated."""
    found = output_type(node)
    stated = node.attributes(MatrixMulAttrs).output_dtype
    if stated is None and node.inputs[0].type.dtype.name == "qint4":
        return DType("qint16", found.scale)
    return found


def _infer(node: Node, rank: int) -> list[TensorType]:
    shape = _shape(node, rank)
    check_rescale(node, shape[-1])
    for term in node.inputs[2:]:
        if term.type.elements and not stretches(term.shape, shape):
            raise Unsupported(f"a bias of shape {list(term.shape)} does not stretch to {list(shape)}")
    return [TensorType(shape, _total_type(node))]


def _widened(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    return [widen(x, v.type.dtype) for x, v in zip(inputs, node.inputs[:2])]


def _product(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    a, b = (
        numbers.swapaxes(-1, -2) if turned else numbers
        for numbers, turned in zip(_widened(node, inputs), _transposed(node))
    )
    terms = [Numbers(x, v.type.dtype) for x, v in zip(inputs, node.inputs)]
    # The file has no product that stores bytes: passes make it of MatrixMul and TypeCvt.
    return [finish_node(node, matmul(a, b), [t for t in terms[2:] if t.stored.size], direct=True, axis=-1)]


def _along(node: Node, given: Given) -> list[Extent | None]:
    """The extents of both operands, as those of matrices that are not stored transposed."""
    found: list[Extent | None] = []
    for value, extent, transposed in zip(node.inputs, given.extents, _transposed(node)):
        rank = value.type.rank
        turned = extent is not None and transposed and extent.axis >= rank - 2
        found.append(Extent(2 * rank - 3 - extent.axis, extent.size) if extent and turned else extent)
    return found


def _same_size(a: Extent | None, b: Extent | None) -> bool:
    return a is not None and b is not None and a.size == b.size


def _vary_likewise(a: Extent | None, b: Extent | None, rank: int) -> bool:
    """Whether both operands have as many products, or one alone varies, along rows or columns of the result."""
    batches = [e is not None and e.axis < rank - 2 for e in (a, b)]
    return a == b if any(batches) else a is None or b is None


def _counted(node: Node, given: Given) -> Extents:
    rank, (a, b) = node.inputs[0].type.rank, _along(node, given)
    inner = [e is not None and e.axis == axis for e, axis in ((a, rank - 1), (b, rank - 2))]
    if any(given.extents[2:]) or any(inner) and not (all(inner) and _same_size(a, b)):
        raise given.unserved("the other operand is not known to have the same varying size")
    if all(inner):
        return [None]
    if not _vary_likewise(a, b, rank):
        raise given.unserved("the other operand is not known to vary likewise")
    return [a or b]


def _lowered(node: Node, given: Given, found: Extents, make: Maker) -> Node:
    """What is summed up across the axis that varies is zero behind what is valid."""
    if found == [None]:
        for position, extent in enumerate(given.extents[:2]):
            value = node.inputs[position]
            node.inputs[position] = make.filled(value, extent, value.type.dtype.zero_point)
    return node


class _Product(Operator):
    """What products of matrices have."""

    Attributes = MatrixMulAttrs
    operands = "number number"
    halves = "computed"
    narrowed = True
    weights = (1,)

    wide_inputs = staticmethod(wide_terms)
    counted = staticmethod(_counted)
    lowered = staticmethod(_lowered)

    @staticmethod
    def macs(node: Node) -> int:
        a = node.inputs[0].shape
        depth = a[-2] if node.attributes(MatrixMulAttrs).transpose_a else a[-1]
        return node.output.type.elements * depth

    @classmethod
    def exact_span(cls, node: Node, spans: Sequence[Span]) -> Span:
        terms = at_max_sizes(cls.macs(node)) // max(1, at_max_sizes(node.output.type.elements))
        return sums(products(*spans[:2]), terms)

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return _product(node, inputs)


@operator("MatrixMul")
class MatrixMul(_Product):
    """a (m, k) times b (k, n), either stored transposed, and perhaps a bias; a pass may add an activation."""

    operands = "number number number?"
    limits = "matrices; float32, float16, 8-bit and 16-bit integers, quantised bytes"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return _infer(node, 2)


@operator("BatchedMatrixMul")
class BatchedMatrixMul(_Product):
    """a (batch, m, k) times b (batch, k, n), either stored transposed."""

    limits = "one axis of batches; float32, float16, 8-bit and 16-bit integers, quantised bytes"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        return _infer(node, 3)


@dataclass(frozen=True)
class DotAttrs(Attributes):
    """``output_dtype``: of the result, where it is not that of the sum."""

    output_dtype: DType | None = None


@operator("Dot")
class Dot(Operator):
    """The scalar product of two vectors; its shape is (1)."""

    Attributes = DotAttrs
    operands = "number number"
    limits = "vectors of float32 or float16"
    halves = "computed"

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        one_by_one(node, given)
        return [None]

    lowered = staticmethod(_lowered)

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        a, b = (v.shape for v in node.inputs)
        if len(a) != 1 or len(b) != 1 or (a != b and 1 not in (*a, *b)):
            raise Unsupported(f"the scalar product of shapes {list(a)} and {list(b)} does not exist")
        return [TensorType((1,), output_type(node))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        a, b = _widened(node, inputs)
        return [finish_node(node, (a.astype(np.float64) * b).sum(keepdims=True), [])]
