"""Tensors as the formats of today have them, and the verbs of which translation rules compose operators.

A ``Tensor`` is a value of the graph with what the graph does not hold: rank 0, axes of size 0, and integers and floats
of 64 bits. Verbs on known tensors give known tensors. All of them check sizes before they make anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from mgecc import ops
from mgecc.graph import Attributes, DType, Unsupported, Value
from mgecc.graph.attributes import NoAttrs
from mgecc.graph.symbolic import always, at_max_sizes, equal, has_sizes, is_one, whole
from mgecc.graph.types import BOOL, INT32
from mgecc.ops.counted import highest, lowest
from mgecc.ops.elemwise import ElemwiseAttrs, PowCAttrs
from mgecc.ops.elemwise_multi_type import ElemwiseMultiTypeAttrs
from mgecc.ops.index_items import IndexAttrs, flags, span_of
from mgecc.ops.known import AxisAttrs, axis_of, broadcast_shape
from mgecc.ops.matmul import MatrixMulAttrs
from mgecc.ops.padding import PaddingAttrs
from mgecc.ops.reduce import ReduceAttrs
from mgecc.ops.shapes import DimshuffleAttrs, ReshapeAttrs
from mgecc.ops.type_cvt import TypeCvtAttrs

from .build import MAX_FOLDED, GraphBuilder

INT64 = DType("int64")
Shape = tuple[int, ...]
_FEW = 16
"""Elements up to which an input is taken for a setting that somebody would bind to a constant."""
Numbers = Mapping[int, tuple[int | None, int | None, int]]
"""By axis: first position, end and step of a slice, as Python counts them."""


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor of the user's file.

    ``value``: what stands for it in the graph; of rank 0, a value of shape (1,). ``shape`` and ``dtype``: the file's.
    A value that is computed when the model runs has the narrow type (int32 for int64). ``kept``: the numbers of a known
    tensor whose node stays in the graph.
    """

    value: Value
    shape: Shape
    dtype: DType
    kept: np.ndarray | None = None

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def array(self) -> np.ndarray | None:
        """The numbers of a known tensor, in the file's shape."""
        found = self.kept if self.value.const is None else self.value.const
        return None if found is None else found.reshape(self.shape)

    @property
    def known(self) -> np.ndarray:
        """The numbers of a tensor that must be known; Unsupported if it is computed from the model's data."""
        array = self.array
        if array is None:
            what = (
                "is an input of the model"
                if self.value.producer is None
                else "is computed from the model's data"
            )
            why = f"its operand {self.value.name} decides the form of the result but {what}"
            raise Unsupported(why, bind_advice(self))
        return array

    @property
    def integers(self) -> list[int]:
        """The numbers of a tensor that must be known, as sizes, axes or positions."""
        return [whole(n) for n in self.known.reshape(-1)]


def bind_advice(x: Tensor) -> str:
    """What to do about a tensor that must be known: which inputs decide about it, and how they become constants."""
    names, rest, seen = [], [x.value], set()
    while rest:
        value = rest.pop()
        if value in seen:
            continue
        seen.add(value)
        if value.producer is not None:
            rest += value.producer.inputs
        elif value.const is None and at_max_sizes(value.type.elements) <= _FEW:
            names.append(value.name)
    if not names:
        return "make it a constant of the file, or leave this part outside of the model"
    name = min(names)
    return (
        f"bind what decides it to a constant: --bind {name}=NUMBER, or bind: {{{name}: NUMBER}} in model.yaml"
    )


class TensorBuilder:
    """Makes tensors of tensors, with nodes in the graph where numbers are not known."""

    def __init__(self, build: GraphBuilder) -> None:
        self.build = build

    def constant(self, array: Any, dtype: DType | None = None, name: str = "") -> Tensor:
        """A known tensor of the array's own type, or of ``dtype``."""
        stored = np.asarray(array)
        value = self.build.constant(name or self.build.result_name(0, 1), stored, dtype)
        return Tensor(value, tuple(map(whole, stored.shape)), value.type.dtype)

    def like(self, x: Tensor, number: float) -> Tensor:
        """A number of rank 0 in the type of ``x``."""
        return self.constant(np.array(number, x.dtype.numpy), x.dtype)

    def add(self, op: str, attrs: Attributes, *operands: Tensor, dtype: DType | None = None) -> list[Tensor]:
        """The results of a node of the graph; ``dtype``: of the file, where it is wider than the graph's."""
        values = self.build.add(op, attrs, [x.value for x in operands])
        if dtype is not None and dtype.is_wide and not dtype.is_float:
            self.build.carried.update(v for v in values if not v.is_const)
        return [Tensor(v, v.shape, dtype or v.type.dtype) for v in values]

    def one(
        self,
        op: str,
        attrs: Attributes,
        *operands: Tensor,
        dtype: DType | None = None,
        shape: Shape | None = None,
    ) -> Tensor:
        """The only result of a node, or the first; ``shape``: where it has rank 0."""
        first = self.add(op, attrs, *operands, dtype=dtype)[0]
        return first if shape is None else replace(first, shape=shape)

    def kept(self, op: str, attrs: Attributes, x: Tensor) -> Tensor:
        """What a node makes of a known tensor; it stays in the graph, for passes that read what numbers are made of."""
        node = self.build.check(op, attrs, [x.value])
        node.outputs = [Value(self.build.result_name(0, 1), type_, node) for type_ in ops.infer(node)]
        (numbers,), value = ops.evaluate(node, [x.known]), self.build.append(node)[0]
        return Tensor(value, x.shape, value.type.dtype, numbers)

    # Numbers, element by element

    def elemwise(self, mode: str, *operands: Tensor) -> Tensor:
        """A mode of ``ops.elemwise_modes`` of operands of one type, which the result has."""
        shape = broadcast_shape([x.shape for x in operands])
        if mode in _LOGICAL and operands[0].dtype.name != "bool":
            raise Unsupported(f"{mode} of {operands[0].dtype} operands is not supported")
        if mode in _GROWING:
            _check_unsigned(mode, operands)
        return self.one("Elemwise", ElemwiseAttrs(mode), *operands, dtype=operands[0].dtype, shape=shape)

    def compare(self, mode: str, *operands: Tensor) -> Tensor:
        """A comparison (lt, leq, eq, neq) or question (isnan, isinf), which gives bools."""
        shape = broadcast_shape([x.shape for x in operands])
        if operands[0].dtype == BOOL:
            operands = tuple(self.cast(x, INT32) for x in operands)
        return self.one("ElemwiseMultiType", ElemwiseMultiTypeAttrs(mode, BOOL), *operands, shape=shape)

    def power(self, x: Tensor, exponent: float) -> Tensor:
        return self.one("PowC", PowCAttrs(exponent), x, dtype=x.dtype, shape=x.shape)

    def cast(self, x: Tensor, dtype: DType) -> Tensor:
        """Floats to integers truncate, to bool is != 0, integers to narrower ones wrap."""
        if x.dtype == dtype:
            return x
        if x.array is None and x.value.type.dtype == dtype.narrow:
            return replace(x, dtype=dtype)
        return self.one("TypeCvt", TypeCvtAttrs(dtype), x, dtype=dtype, shape=x.shape)

    def where(self, mask: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """``x`` where the mask holds, else ``y``."""
        shape = broadcast_shape([mask.shape, x.shape, y.shape])
        stretched = [self.broadcast(t, shape) for t in (mask, x, y)]
        return self.one("Where", NoAttrs(), *stretched, dtype=x.dtype, shape=shape)

    # Shapes

    def reshape(self, x: Tensor, shape: Iterable[int]) -> Tensor:
        """The same elements in a shape of whole numbers, none of them -1."""
        target = tuple(whole(n) for n in shape)
        if not equal(prod(target), x.elements):
            raise Unsupported(f"{x.elements} elements cannot have the shape {list(target)}")
        if x.value.const is not None:
            return self._moved(x, x.value.const.reshape(target))
        if _is_same(target, x.shape):
            return x
        if _is_same(target or (1,), x.value.shape):
            return replace(x, shape=target)
        sizes = self.constant(_integers(target or (1,)), INT32)
        return self.one("Reshape", ReshapeAttrs(), x, sizes, dtype=x.dtype, shape=target)

    def transpose(self, x: Tensor, order: Sequence[int]) -> Tensor:
        """Axis k of the result is axis ``order[k]``."""
        order = tuple(axis_of(axis, x.rank) for axis in order)
        if sorted(order) != list(range(x.rank)):
            raise Unsupported(f"the axes {list(order)} are no order of those of a tensor of rank {x.rank}")
        if order == tuple(range(x.rank)):
            return x
        if x.array is not None:
            return self._moved(x, x.array.transpose(order))
        return self.one("Dimshuffle", DimshuffleAttrs(order), x, dtype=x.dtype)

    def squeeze(self, x: Tensor, axes: Iterable[int]) -> Tensor:
        """Without these axes, which have size 1."""
        gone = {axis_of(axis, x.rank) for axis in axes}
        if not all(is_one(x.shape[axis]) for axis in gone):
            raise Unsupported(f"the axes {sorted(gone)} of {list(x.shape)} do not all have size 1")
        return self.reshape(x, [n for axis, n in enumerate(x.shape) if axis not in gone])

    def unsqueeze(self, x: Tensor, axes: Sequence[int]) -> Tensor:
        """With new axes of size 1 at these places of the result."""
        rank = x.rank + len(axes)
        new = {axis_of(axis, rank) for axis in axes}
        if len(new) != len(axes):
            raise Unsupported(f"the axes {list(axes)} are not different ones")
        old = iter(x.shape)
        return self.reshape(x, [1 if axis in new else next(old) for axis in range(rank)])

    def broadcast(self, x: Tensor, shape: Sequence[int]) -> Tensor:
        """Stretched to ``shape`` by NumPy's rules."""
        target = tuple(whole(n) for n in shape)
        if _is_same(target, x.shape):
            return x
        if not always(lambda: broadcast_shape([x.shape, target]) == target):
            raise Unsupported(f"data of shape {list(x.shape)} cannot be stretched to {list(target)}")
        if x.array is not None and not has_sizes(target):
            self._check_size(x, target)
            return self._moved(x, np.broadcast_to(x.array, target))
        sizes = self.constant(_integers(target or (1,)), INT32)
        return self.one("Broadcast", NoAttrs(), x, sizes, dtype=x.dtype, shape=target)

    # Joins and parts

    def concat(self, parts: Sequence[Tensor], axis: int) -> Tensor:
        """Joined along an axis; those without elements are left out."""
        axis = axis_of(axis, parts[0].rank)
        arrays = [x.array for x in parts]
        if all(a is not None for a in arrays):
            self._check_size(parts[0], (sum(x.elements for x in parts),))
            return self._moved(parts[0], np.concatenate([a for a in arrays if a is not None], axis))
        full = [x for x in parts if _is_positive(x.elements)]
        if len(full) == 1:
            return full[0]
        return self.one("Concat", AxisAttrs(axis), *full, dtype=parts[0].dtype)

    def split(self, x: Tensor, axis: int, sizes: Sequence[int]) -> list[Tensor]:
        """Parts of these sizes along an axis."""
        axis = axis_of(axis, x.rank)
        if x.array is None and len(sizes) > 1 and all(map(_is_positive, sizes)):
            counts = [self.constant(_integers((n,))) for n in sizes]
            return self.add("Split", AxisAttrs(axis), x, *counts, dtype=x.dtype)
        if not equal(sum(sizes), x.shape[axis]):
            raise Unsupported(f"an axis of {x.shape[axis]} cannot be cut into parts of {list(sizes)}")
        ends = [sum(sizes[: k + 1]) for k in range(len(sizes))]
        return [self.slice(x, {axis: (end - n, end, 1)}) for end, n in zip(ends, sizes)]

    def slice(self, x: Tensor, spans: Numbers) -> Tensor:
        """The part of ``x`` that slices of its axes leave."""
        spans = {axis_of(axis, x.rank): span for axis, span in spans.items()}
        if x.array is not None:
            index = tuple(slice(*spans[axis]) if axis in spans else slice(None) for axis in range(x.rank))
            return self._moved(x, x.array[index])
        shape = list(x.shape)
        for axis, span in spans.items():
            shape[axis] = span_of(slice(*span), shape[axis])[1]
        items, bounds = [], list[Tensor]()
        for axis, (begin, end, step) in sorted(spans.items()):
            if (begin, end, step) != (None, None, 1):
                items.append(flags(axis, begin=begin is not None, end=end is not None, step=step != 1))
                stated = [n for n in (begin, end, step if step != 1 else None) if n is not None]
                bounds += [self.constant(_integers((n,))) for n in stated]
        if not items:
            return x
        if 0 in shape:
            return self.constant(np.zeros(shape, x.dtype.numpy), x.dtype)
        return self.one("Subtensor", IndexAttrs(tuple(items)), x, *bounds, dtype=x.dtype)

    def flip(self, x: Tensor, axes: Iterable[int]) -> Tensor:
        """The elements along the axes in the opposite order."""
        return self.slice(x, {axis: (None, None, -1) for axis in axes})

    def take(self, x: Tensor, axis: int, index: Tensor) -> Tensor:
        """The parts of ``x`` along an axis that ``index`` names, whose shape replaces the axis; -1 is the last."""
        axis = axis_of(axis, x.rank)
        shape = (*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])
        if x.array is not None and index.array is not None:
            _check_positions(index.array, x.shape[axis])
            self._check_size(x, shape)
            return self._moved(x, np.take(x.array, index.array.astype(np.int64), axis))
        rows = self.reshape(index, (index.elements,))
        # Sizes that the run decides are served by the operator of index arrays alone.
        varies = self.build.varies(rows.value) or self.build.varies(x.value)
        op = "IndexingMultiAxisVec" if varies else "MeshIndexing"
        taken = self.one(op, IndexAttrs((flags(axis, index=True),)), x, rows, dtype=x.dtype)
        return self.reshape(taken, shape)

    def pad(
        self, x: Tensor, pairs: Sequence[tuple[int, int]], mode: str = "constant", value: float = 0.0
    ) -> Tensor:
        """So many elements added (before, after) each axis; fewer than none cut some off."""
        cut = {a: (-min(b, 0), x.shape[a] + min(e, 0), 1) for a, (b, e) in enumerate(pairs) if min(b, e) < 0}
        kept = self.slice(x, cut)
        added = tuple((max(b, 0), max(e, 0)) for b, e in pairs)
        if not any(map(any, added)):
            return kept
        attrs = PaddingAttrs(added, mode, value)  # type: ignore[arg-type]
        return self.one("Padding", attrs, kept, dtype=x.dtype)

    # Sums and products

    def reduce(self, mode: str, x: Tensor, axes: Iterable[int], keep: bool) -> Tensor:
        """Over axes: sum, sum_squares, product, min, max or mean; ``keep``: they stay with size 1."""
        if mode in _GROWING:
            _check_unsigned(mode, [x])
        gone = {axis_of(axis, x.rank) for axis in axes}
        kept = tuple(1 if axis in gone else n for axis, n in enumerate(x.shape))
        if gone and not has_sizes(x.shape) and not x.elements:
            x = self.broadcast(self.like(x, _of_nothing(mode, x.dtype)), kept)
        elif gone:
            sizes = self.constant(_integers(kept), INT32)
            attrs = ReduceAttrs(mode)  # type: ignore[arg-type]
            x = self.one("Reduce", attrs, x, sizes, dtype=x.dtype, shape=kept)
        return x if keep else self.reshape(x, [n for axis, n in enumerate(x.shape) if axis not in gone])

    def matmul(self, a: Tensor, b: Tensor, *, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
        """The product of (..., m, k) and (..., k, n), whose leading axes broadcast."""
        outer = broadcast_shape([a.shape[:-2], b.shape[:-2]])
        attrs = MatrixMulAttrs(transpose_a, transpose_b)
        m, n = a.shape[-1 if transpose_a else -2], b.shape[-2 if transpose_b else -1]
        if not transpose_a and all(is_one(s) for s in b.shape[:-2]):
            # One matrix for all rows of all batches.
            product = self.one(
                "MatrixMul", attrs, self._rows(a), self.reshape(b, b.shape[-2:]), dtype=a.dtype
            )
            return self.reshape(product, (*outer, m, n))
        stacked = [
            self.reshape(self.broadcast(x, (*outer, *x.shape[-2:])), (prod(outer), *x.shape[-2:]))
            for x in (a, b)
        ]
        return self.reshape(self.one("BatchedMatrixMul", attrs, *stacked, dtype=a.dtype), (*outer, m, n))

    def _rows(self, a: Tensor) -> Tensor:
        return self.reshape(a, (prod(a.shape[:-1]), a.shape[-1]))

    def _moved(self, x: Tensor, array: np.ndarray) -> Tensor:
        """Numbers of a known tensor in another place, with its name."""
        return self.constant(array, x.dtype, x.value.name)

    def _check_size(self, x: Tensor, shape: Shape) -> None:
        if at_max_sizes(prod(shape)) * x.dtype.size > MAX_FOLDED:
            why = f"its constant result of shape {list(shape)} is too large to compute beforehand"
            raise Unsupported(why, "make the shapes smaller")


_LOGICAL = ("and", "or", "xor", "not")
_GROWING = ("add", "sub", "mul", "negate", "pow", "shl", "bit_not", "sum", "sum_squares", "product")
"""Modes whose results may be larger than their operands, or less than zero."""


def _of_nothing(mode: str, dtype: DType) -> float:
    """What a reduction of no elements gives."""
    extremes = {"max": lowest(dtype), "min": highest(dtype)} if mode in ("max", "min") else {}
    return (extremes | {"sum": 0, "sum_squares": 0, "product": 1, "mean": np.nan})[mode]


def _check_unsigned(mode: str, operands: Sequence[Tensor]) -> None:
    """Unsupported where an unsigned result may need more than the 31 bits of the type that stands for it."""
    dtype = operands[0].dtype
    if dtype.name in ("uint32", "uint64") and any(x.array is None for x in operands):
        why = f"the {mode} of {dtype} numbers may not fit the 32 bits that integers have when the model runs"
        raise Unsupported(why, "use int32 or int64, or compute it outside of the model")


def _integers(sizes: Sequence[int]) -> np.ndarray:
    """Sizes as a vector; those that depend on declared sizes are objects."""
    return np.array(sizes, object if has_sizes(sizes) else np.int32)


def _is_same(a: Shape, b: Shape) -> bool:
    return len(a) == len(b) and always(lambda: a == b)


def _is_positive(n: int) -> bool:
    return always(lambda: n > 0)


def _check_positions(index: np.ndarray, size: int) -> None:
    if index.size and not (-size <= index.min() and index.max() < size):
        raise Unsupported(f"indices from {index.min()} to {index.max()} do not fit an axis of {size}")
