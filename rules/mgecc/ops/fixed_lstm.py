"""LSTM layers of quantised bytes with cells of 16 bits, as TensorFlow Lite's reference kernels compute them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from mgecc.graph import Attributes, DType, Node, TensorType, Unsupported
from mgecc.graph.attributes import Range
from mgecc.ops.fixed_gates import gate_sigmoid, gate_tanh, moved_by
from mgecc.ops.fixed_order import matmul
from mgecc.ops.registry import Operator, operator
from mgecc.ops.rescale import GREATEST_FACTOR, Integers, fixed_point, multiply

Factors = tuple[float, float, float, float]
_LOW, _HIGH = -(1 << 15), (1 << 15) - 1
_MOST_TERMS = 1 << 15


@dataclass(frozen=True)
class FixedLSTMAttrs(Attributes):
    """``given``, ``kept``: of the gates input, forget, cell, output, what the sums of the data's and of the state's
    products are multiplied by to count 2^-12. ``forget``, ``enter``, ``leave``: what products of fractions of 2^15 are
    multiplied by to be cells (of the old one, and of the new candidate) and results. ``cell_bits``: fractional bits of
    cells. ``clip``: the largest cell, 0 if all 16 bits may be used. ``dtype``: of the results.
    """

    given: Factors
    kept: Factors
    forget: float
    enter: float
    leave: float
    cell_bits: Annotated[int, Range(0, 24)]
    clip: Annotated[int, Range(0, _HIGH)]
    dtype: DType

    @property
    def factors(self) -> tuple[Integers, Integers]:
        """All in fixed point, in the order in which they stand here."""
        return fixed_point((*self.given, *self.kept, self.forget, self.enter, self.leave))


def _saturated(x: Integers) -> Integers:
    return np.clip(x, _LOW, _HIGH)


def _rescaled(x: Integers, factors: tuple[Integers, Integers], place: int) -> Integers:
    return multiply(x, factors[0][place], factors[1][place], "double")


def _step(attrs: FixedLSTMAttrs, sums: list[Integers], h: DType, cell: Integers) -> tuple[Integers, Integers]:
    """New state and cell (n, hidden) of the sums (n, 4 * hidden) over the data and over the state."""
    by, gates = attrs.factors, []
    for gate, parts in enumerate(zip(*(np.split(s, 4, axis=-1) for s in sums))):
        terms = [_saturated(_rescaled(part, by, 4 * k + gate)) for k, part in enumerate(parts)]
        total = _saturated(terms[0] + terms[1])
        gates.append(gate_tanh(3 * total) if gate == 2 else gate_sigmoid(3 * total))
    kept = _saturated(_rescaled(gates[1] * cell, by, 8))
    cell = _saturated(kept + _saturated(_rescaled(gates[0] * gates[2], by, 9)))
    if attrs.clip:
        cell = np.clip(cell, -attrs.clip, attrs.clip)
    left = _rescaled(gate_tanh(moved_by(cell, attrs.cell_bits)) * gates[3], by, 10)
    return np.clip(left + h.zero_point, *h.range), cell


def _check_factors(attrs: FixedLSTMAttrs) -> None:
    factors = (*attrs.given, *attrs.kept, attrs.forget, attrs.enter, attrs.leave)
    if not all(0 <= factor <= GREATEST_FACTOR for factor in factors):
        raise Unsupported("its scales give factors that are negative, too large or no numbers")


def _check_types(x: TensorType, h: TensorType, c: TensorType, w: TensorType, r: TensorType) -> None:
    if any(t.dtype.name != "qint8" for t in (x, h, w, r)) or c.dtype.name not in ("int16", "qint16"):
        raise Unsupported(f"an LSTM of {x} data with the states {h} and {c} is not supported")
    if w.dtype.zero_point or r.dtype.zero_point:
        raise Unsupported(f"weights {w} and {r} have no sums of 32 bits, or zero points")


@operator("FixedLSTM")
class FixedLSTM(Operator):
    """Inputs x (t, n, in), h (n, hidden), c (n, hidden), weights of the data (4 * hidden, in) and of the state
    (4 * hidden, hidden), biases (4 * hidden); results y (t, n, hidden), h, c. Gates in the order input, forget, cell,
    output. Sources: micro/kernels/lstm_eval.h and lstm_eval_common.cc of TensorFlow Lite Micro.
    """

    Attributes = FixedLSTMAttrs
    operands = "number number number number number integer"
    limits = "quantised bytes with cells of 16 bits; constant weights"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, h, c, w, r, b = (v.type for v in node.inputs)
        attrs = node.attributes(FixedLSTMAttrs)
        _check_factors(attrs)
        _check_types(x, h, c, w, r)
        if x.rank != 3 or h.rank != 2 or c.shape != h.shape or x.shape[1] != h.shape[0] or not x.elements:
            raise Unsupported(f"a recurrent layer cannot read {x} with the states {h} and {c}")
        rows, inner = 4 * h.shape[1], x.shape[2]
        if w.shape != (rows, inner) or r.shape != (rows, h.shape[1]) or b.shape != (rows,):
            raise Unsupported(f"weights {w} and {r} with biases {b} do not fit {rows} rows")
        if max(inner, h.shape[1]) > _MOST_TERMS:
            raise Unsupported(f"weights {w} and {r} have no sums of 32 bits, or zero points")
        return [TensorType((*x.shape[:2], h.shape[1]), attrs.dtype), h, c]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, h, c, w, r, b = (a.astype(np.int64) for a in inputs)
        attrs, state = node.attributes(FixedLSTMAttrs), node.inputs[1].type.dtype
        given = matmul(x - node.inputs[0].type.dtype.zero_point, w.T) + b
        results = []
        for sums in given:
            h, c = _step(attrs, [sums, matmul(h - state.zero_point, r.T)], state, c)
            results.append(h)
        return [np.stack(results), h, c]
