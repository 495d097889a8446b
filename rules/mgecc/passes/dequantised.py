"""Read what stands between dequantised numbers and a Quantize node: known steps, bytes, limits.

Passes that put integer nodes in the place of such real arithmetic share this.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mgecc import ops
from mgecc.graph import Node, Value
from mgecc.graph.types import FLOAT32
from mgecc.ops.dequantize import DequantizeAttrs, spread
from mgecc.ops.padding import PaddingAttrs
from mgecc.ops.quantize_op import QuantizeAttrs
from mgecc.passes.build import constant, node_like
from mgecc.passes.match import Users, is_elemwise, other_input, scalar

BYTES = ("qint8", "quint8")
MOVES = ("Reshape", "AxisAddRemove")


def is_quantize(node: Node | None) -> bool:
    """Whether the node rounds to bytes as ONNX has it."""
    if node is None or node.op != "Quantize":
        return False
    attrs = node.attributes(QuantizeAttrs)
    return attrs.ties == "half_even" and attrs.dtype.name in BYTES


@dataclass(frozen=True)
class Steps:
    """Known numbers as whole ``steps``, counted from the zero point, times ``scales``; of one shape."""

    steps: np.ndarray
    scales: np.ndarray

    def by(self, axis: int) -> np.ndarray | None:
        """The scale of each part along an axis, or the one of all; None if it varies along others."""
        rows = np.moveaxis(self.scales, axis, 0).reshape(self.scales.shape[axis], -1)
        if rows.size == 0 or not (rows == rows[:, :1]).all():
            return None
        found: np.ndarray = rows[:, 0]
        return found[:1] if (found == found[0]).all() else found

    @property
    def are_bytes(self) -> bool:
        return bool(self.steps.size and -128 <= self.steps.min() and self.steps.max() <= 127)


def steps_of(value: Value) -> Steps | None:
    """What Dequantize makes of a constant, moved or transposed."""
    node = value.producer
    if node is None or not node.inputs:
        return None
    if node.op == "Dequantize" and node.inputs[0].const is not None:
        stored = node.inputs[0].const
        scales, zeros = spread(node.attributes(DequantizeAttrs), stored.ndim)
        return Steps(stored.astype(np.int64) - zeros, np.broadcast_to(scales, stored.shape))
    if node.op not in (*MOVES, "Dimshuffle") or not moves_only(node):
        return None
    inner = steps_of(node.inputs[0])
    rest = [v.const for v in node.inputs[1:] if v.const is not None]
    if inner is None or np.abs(inner.steps).max(initial=0) > 1 << 24:
        return None
    parts = [
        ops.evaluate(node, [np.ascontiguousarray(a, np.float32), *rest])[0]
        for a in (inner.steps, inner.scales)
    ]
    return Steps(parts[0].astype(np.int64), parts[1])


def commutes(node: Node) -> bool:
    """Whether the numbers of the results are some of the operands', as real numbers and as stored ones."""
    if node.op == "Padding":
        attrs = node.attributes(PaddingAttrs)
        return attrs.is_zeros or attrs.mode != "constant"
    operator = ops.find(node.op)
    return operator.moves or operator.selects(node) or node.op in ("MeshIndexing", "Split")


def moves_only(node: Node) -> bool:
    """Whether all operands but the data are known."""
    return all(v.is_const for v in node.inputs[1:])


def is_known(value: Value) -> bool:
    node = value.producer
    if value.is_const or node is None:
        return value.is_const
    return node.op == "Dequantize" or (node.op in MOVES and moves_only(node) and is_known(node.inputs[0]))


def data_of(value: Value) -> tuple[Value, list[Node]] | None:
    """The quantised bytes that a value holds as real numbers, and the moves behind them."""
    moves: list[Node] = []
    while value.producer is not None and _moves_one(value.producer):
        moves.insert(0, value.producer)
        value = value.producer.inputs[0]
    node = value.producer
    if node is None or node.op != "TypeCvt" or node.inputs[0].type.dtype.name not in BYTES:
        return None
    return (node.inputs[0], moves) if node.output.type.dtype == FLOAT32 else None


def _moves_one(node: Node) -> bool:
    """Whether the only result has numbers of the first operand, and known integers say which."""
    others = node.inputs[1:]
    single = len(node.outputs) == 1 and bool(node.inputs) and moves_only(node)
    return single and commutes(node) and not any(v.type.dtype.is_float for v in others)


def moved(value: Value, moves: list[Node]) -> Iterator[Node]:
    """The moves for another value."""
    for move in moves:
        made = node_like(move, move.op, move.attrs, [value, *move.inputs[1:]])
        yield made
        value = made.output


@dataclass
class Ending:
    """What a Quantize node quantises, in front of functions that limit it: stored numbers from ``low`` to ``high``.

    ``reader`` reads ``value``.
    """

    value: Value
    reader: Node
    low: int
    high: int


def ending_of(quantize: Node, users: Users) -> Ending:
    """Rounding keeps the order of numbers, so limits of real numbers are those of stored ones."""
    found = Ending(quantize.inputs[0], quantize, *quantize.attributes(QuantizeAttrs).dtype.range)
    while users.only(found.value) is found.reader and found.value.producer is not None:
        node = found.value.producer
        bound = _bound(node)
        if bound is None or np.isnan(bound[1]):
            break
        operand, number, is_least = bound
        limit = min(max(_stored(quantize, number), found.low), found.high)
        low, high = (limit, found.high) if is_least else (found.low, limit)
        found = Ending(operand, node, low, high)
    return found


def _bound(node: Node) -> tuple[Value, float, bool] | None:
    """(operand, bound, whether it is the least) of a function that limits its operand."""
    if is_elemwise(node, "relu"):
        return node.inputs[0], 0.0, True
    for bound in node.inputs if is_elemwise(node, "max", "min") else ():
        number, operand = scalar(bound), other_input(node, bound)
        if number is not None and operand is not None and operand.shape == node.output.shape:
            return operand, number, is_elemwise(node, "max")
    return None


def _stored(quantize: Node, number: float) -> int:
    return int(quantised(quantize, np.array([number], np.float32))[0])


def quantised(quantize: Node, numbers: np.ndarray) -> np.ndarray:
    """What a Quantize node makes of known numbers."""
    return ops.evaluate(
        node_like(quantize, "Quantize", quantize.attrs, [constant("x", numbers, FLOAT32)]), [numbers]
    )[0]
