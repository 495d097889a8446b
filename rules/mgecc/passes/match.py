"""Match element-wise expressions, and answer small questions that passes ask of values."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mgecc.graph import Graph, Node, Value
from mgecc.ops.elemwise import mode_of

Pattern = str | float | tuple["Pattern", ...]
_COMMUTATIVE = frozenset({"add", "mul", "max", "min"})


def scalar(value: Value) -> float | None:
    """The number that a one-element (or uniform) constant holds."""
    if value.const is None or value.const.size == 0:
        return None
    first = value.const.flat[0]
    return float(first) if value.const.size == 1 else None


def spreads_over_channels(value: Value, like: Value) -> bool:
    """Whether a value has one number for each channel (axis 1) of ``like``, or one for all."""
    rank = len(like.shape)
    shape = (1,) * (rank - len(value.shape)) + tuple(value.shape)
    rest = [n for axis, n in enumerate(shape) if axis != 1]
    return rank > 1 and len(shape) == rank and shape[1] in (1, like.shape[1]) and all(n == 1 for n in rest)


def per_channel(value: Value, like: Value) -> np.ndarray | None:
    """A float constant that broadcasts over channels (axis 1) of ``like``, as a vector of that many channels."""
    if value.const is None or not value.type.dtype.is_float or not spreads_over_channels(value, like):
        return None
    return np.broadcast_to(value.const.reshape(-1), (like.shape[1],)).astype(np.float64)


class Users:
    """Who reads a value; knows graph outputs as well."""

    def __init__(self, graph: Graph) -> None:
        self._users = graph.users()
        self._outputs = graph.output_values()

    def only(self, value: Value) -> Node | None:
        """The single node that reads ``value``, if nothing else, graph outputs included, does."""
        users = self._users.get(value, [])
        return users[0] if len(users) == 1 and value not in self._outputs else None

    def readers(self, value: Value) -> list[Node]:
        """The nodes that read ``value``; [] where it is an output of the graph, too."""
        return [] if value in self._outputs else self._users.get(value, [])

    def exchange(self, old: Node, new: Node) -> None:
        """``new`` stands in place of ``old`` from now on."""
        for value in dict.fromkeys(old.inputs):
            self._users[value].remove(old)
        for value in dict.fromkeys(new.inputs):
            self._users.setdefault(value, []).append(new)

    def count(self, value: Value) -> int:
        return len(self._users.get(value, [])) + (value in self._outputs)


def is_elemwise(node: Node | None, *modes: str) -> bool:
    return node is not None and node.op == "Elemwise" and (not modes or mode_of(node) in modes)


def other_input(node: Node, value: Value) -> Value | None:
    """The second operand of a binary node that reads ``value`` once."""
    if len(node.inputs) != 2 or node.inputs.count(value) != 1:
        return None
    return node.inputs[1] if node.inputs[0] is value else node.inputs[0]


def match(pattern: Pattern, value: Value, bound: dict[str, Value] | None = None) -> dict[str, Value] | None:
    """Match an element-wise expression: (mode, operands...), a number (one-element constant) or a variable's name.

    A variable that occurs twice must be the same value. Returns the variables, or None.
    """
    bound = dict(bound or {})
    if isinstance(pattern, str):
        if bound.setdefault(pattern, value) is not value:
            return None
        return bound
    if isinstance(pattern, (int, float)):
        number = scalar(value)
        return bound if number is not None and np.float32(number) == np.float32(pattern) else None
    node = value.producer
    if not is_elemwise(node, str(pattern[0])) or node is None or len(node.inputs) != len(pattern) - 1:
        return None
    for inputs in _orders(node):
        found: dict[str, Value] | None = bound
        for sub, operand in zip(pattern[1:], inputs):
            found = match(sub, operand, found) if found is not None else None
        if found is not None:
            return found
    return None


def _orders(node: Node) -> Iterator[list[Value]]:
    yield node.inputs
    if mode_of(node) in _COMMUTATIVE:
        yield node.inputs[::-1]
