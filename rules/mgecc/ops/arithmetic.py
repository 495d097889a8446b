"""How operators that sum products work on stored numbers: widen, sum, add terms, activate, round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import DType, Node, Unsupported
from mgecc.graph.attributes import named
from mgecc.graph.symbolic import equal, is_one
from mgecc.ops.activation import IDENTITY, Activation, apply, check, of_node
from mgecc.ops.quantize import dequantize, quantize, requantize, same_unit, scale_of
from mgecc.ops.rescale import rescale_of

_EXACT = (IDENTITY, ("relu",))


@dataclass(frozen=True)
class Numbers:
    """Stored (or, after a sum, wider) numbers and the element type that says what they mean."""

    stored: np.ndarray
    dtype: DType


def widen(stored: np.ndarray, dtype: DType) -> np.ndarray:
    """Numbers ready for summing products: float32, or integers from their zero point.

    Integers of up to 16 bits become float64: products and sums stay below 2^53 and are exact in any order.
    """
    if dtype.is_float:
        return stored.astype(np.float32)
    wide = np.float64 if dtype.size <= 2 else np.int64
    return stored.astype(wide) - dtype.zero_point


def product_type(a: DType, b: DType) -> DType:
    """Element type of a sum of products of ``a`` and ``b`` when none is stated."""
    if a.is_float or b.is_float:
        if a.name != b.name:
            raise Unsupported(f"operands of types {a} and {b} cannot be multiplied")
        return a
    if a.is_quantized != b.is_quantized:
        raise Unsupported(f"operands of types {a} and {b} cannot be multiplied")
    if a.is_quantized:
        return DType("qint32", float(scale_of(a) * scale_of(b)))
    return DType("int32")


def output_type(node: Node) -> DType:
    """The stated result type, else that of the product of the node's first two inputs.

    Unsupported for operands without elements.
    """
    check(of_node(node.attrs))
    if any(equal(v.type.elements, 0) for v in node.inputs[:2]):
        raise Unsupported(f"there are no products of {node.inputs[0].type} and {node.inputs[1].type}")
    stated = named(node.attrs).get("output_dtype")
    return stated if stated is not None else product_type(*(v.type.dtype for v in node.inputs[:2]))


def real(numbers: Numbers) -> np.ndarray:
    """Real values in float32; plain integers stay exact in float64."""
    if numbers.dtype.is_quantized:
        return dequantize(numbers.stored, numbers.dtype)
    return numbers.stored.astype(np.float32 if numbers.dtype.is_float else np.float64)


def store(values: np.ndarray, dtype: DType) -> np.ndarray:
    """Real values stored: quantised, rounded to a float type, or truncated and wrapped to an integer."""
    if dtype.is_quantized:
        return quantize(values, dtype)
    if dtype.is_float or dtype.name == "bool":
        return values.astype(dtype.numpy)
    return np.asarray(np.trunc(values).astype(np.int64).astype(dtype.numpy))


def finish(
    total: Numbers, terms: Sequence[Numbers], activation: Activation, result: DType, direct: bool = False
) -> np.ndarray:
    """Stored numbers of act(total + terms); terms in the unit of the total add as integers, others as reals.

    ``direct``: sums become the result's stored numbers as by TypeCvt, where no real number is needed in between.
    """
    exact = [t for t in terms if same_unit(t.dtype, total.dtype)]
    others = [t for t in terms if not same_unit(t.dtype, total.dtype)]
    summed = total.stored
    for term in exact:
        summed = summed + (term.stored.astype(np.int64) - term.dtype.zero_point)
    if activation in _EXACT and not others and same_unit(result, total.dtype):
        return apply(activation, summed).astype(np.int64).astype(result.numpy)
    if direct and activation in _EXACT and not others and total.dtype.is_quantized and result.is_quantized:
        return requantize(apply(activation, summed), total.dtype, result)
    values = real(Numbers(summed, total.dtype))
    for term in others:
        values = values + real(term)
    return store(apply(activation, values), result)


def stretches(shape: tuple[int, ...], full: tuple[int, ...]) -> bool:
    """Whether a value of ``shape`` broadcasts to ``full`` without enlarging it."""
    return len(shape) <= len(full) and all(is_one(s) or equal(s, n) for s, n in zip(shape[::-1], full[::-1]))


def is_stored(dtype: DType) -> bool:
    """Whether these are bytes, or 16-bit numbers with zero point 0."""
    return dtype.size == 1 or (dtype.name == "qint16" and not dtype.zero_point)


def wide_terms(node: Node) -> tuple[int, ...]:
    """The position of the bias, where sums have 64 bits."""
    rescale = rescale_of(node)
    return (2,) if rescale is not None and rescale.rounding == "wide" else ()


def check_rescale(node: Node, channels: int) -> None:
    """Unsupported unless the node can end as its ``Rescale`` says, if it has one: whole sums of stored numbers."""
    rescale = rescale_of(node)
    if rescale is None:
        return
    terms = [v.type.dtype for v in node.inputs[2:] if v.type.elements]
    names = ("int32", "qint32", "int64")[: 3 if rescale.rounding == "wide" else 2]
    whole = all(t.name in names and not t.zero_point for t in terms)
    types = [v.type.dtype for v in node.inputs[:2]]
    is_wide = any(t.size == 2 for t in types)
    if not all(map(is_stored, types)) or not whole or (rescale.rounding == "wide" and not is_wide):
        raise Unsupported(
            f"sums of {node.inputs[0].type} and {', '.join(map(str, terms))} cannot be rescaled"
        )
    rescale.check(channels, output_type(node))


def finish_node(
    node: Node, total: np.ndarray, terms: Sequence[Numbers], direct: bool = False, axis: int = 1
) -> np.ndarray:
    """Stored numbers of the node's result, from the sums of products and the terms to add; channels lie along ``axis``.

    Terms of a node with a ``Rescale`` count what the sums count. Sums wrap in as many bits as its rule has them in.
    """
    rescale = rescale_of(node)
    if rescale is not None:
        whole = sum((t.stored.astype(np.int64) for t in terms), total.astype(np.int64))
        sums = whole if rescale.rounding == "wide" else whole.astype(np.int32)
        return rescale.apply(sums, node.output.type.dtype, axis)
    kind = product_type(*(v.type.dtype for v in node.inputs[:2]))
    return finish(Numbers(total, kind), terms, of_node(node.attrs), node.output.type.dtype, direct)
