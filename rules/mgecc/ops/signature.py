"""What records of an operator read and which parameters they may have, as their classes state it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from mgecc.graph import DType, Node, TensorType, Unsupported

INT_MAX = (1 << 31) - 1
FLOAT_MAX = 3.4028234663852886e38
FINITE = (-FLOAT_MAX, FLOAT_MAX)
NATURAL = (0, INT_MAX)
POSITIVE = (1, INT_MAX)

Ranges = tuple[tuple[str, tuple[float, float]], ...]
"""Parameters, or patterns of their names, with the smallest and the largest number; NaN is in no range."""

_DAMAGED = "no MegEngine writes such a record: dump the model again"
_KINDS: dict[str, tuple[Callable[[DType], bool], str]] = {
    "any": (lambda t: True, "data"),
    "number": (lambda t: t.name != "bool", "numbers"),
    "plain": (lambda t: not t.is_quantized, "numbers that are not quantised"),
    "float": (lambda t: t.is_float, "float32 or float16"),
    "integer": (lambda t: not (t.is_float or t.is_quantized or t.name == "bool"), "plain integers"),
    "bool": (lambda t: t.name == "bool", "bool"),
}
_WORD = re.compile(r"(\w+)([?*+]?)")


@dataclass(frozen=True)
class Signature:
    """Kinds of element types of the operands; ``optional`` ones may be left out, ``more`` of the last may follow."""

    kinds: tuple[str, ...]
    optional: tuple[bool, ...]
    more: bool

    def kinds_of(self, count: int) -> Sequence[str] | None:
        """The kind of each of ``count`` operands, optional ones being left out from the right; None if none fit."""
        left_out = len(self.kinds) - count
        if left_out < 0:
            return (*self.kinds, *self.kinds[-1:] * -left_out) if self.more else None
        spare = [i for i, optional in enumerate(self.optional) if optional]
        gone = spare[len(spare) - left_out :]
        return [kind for i, kind in enumerate(self.kinds) if i not in gone] if len(gone) == left_out else None

    @property
    def count(self) -> str:
        """How many operands there are, in words."""
        least, most = self.optional.count(False), len(self.kinds)
        if self.more:
            return f"{least} or more"
        return f"{most}" if least == most else f"{least} to {most}"


@cache
def signature(words: str) -> Signature:
    """Of words like "float float? integer*": a kind each, ``?`` if optional, ``*`` if optional and repeated, ``+``."""
    found = [_WORD.fullmatch(word) for word in words.split()]
    parts = [(match[1], match[2]) for match in found if match]
    if len(parts) != len(found) or any(kind not in _KINDS for kind, _ in parts):
        raise ValueError(f"{words!r} describes no operands; kinds are {', '.join(_KINDS)}")
    if any(mark in ("*", "+") for _, mark in parts[:-1]):
        raise ValueError(f"{words!r}: only the last operand may repeat")
    marks = [mark for _, mark in parts]
    optional = tuple(mark in ("?", "*") for mark in marks)
    return Signature(tuple(kind for kind, _ in parts), optional, marks[-1:] in (["*"], ["+"]))


def check_operands(words: str, types: Sequence[TensorType]) -> None:
    """Unsupported unless there are as many operands as ``words`` say, of these kinds."""
    form = signature(words)
    kinds = form.kinds_of(len(types))
    if kinds is None:
        raise Unsupported(f"it has {len(types)} operands, not {form.count}", _DAMAGED)
    for position, (kind, type_) in enumerate(zip(kinds, types)):
        fits, needed = _KINDS[kind]
        if not fits(type_.dtype):
            why = f"its operand {position} is {type_}, where {needed} must stand"
            raise Unsupported(why, "convert it with astype before")


def check_parameters(ranges: Ranges, attrs: Mapping[str, Any]) -> None:
    """Unsupported unless every parameter that is a number lies in its range."""
    for pattern, (low, high) in ranges:
        for name, number in attrs.items():
            if fnmatchcase(name, pattern) and isinstance(number, int | float) and not low <= number <= high:
                bounds = f"{low} to {high}" if isinstance(high, int) else f"{low:g} to {high:g}"
                why = f"its parameter {name} is {number}, numbers from {bounds} are served"
                raise Unsupported(why, "give the layer another one, or dump the model again")


def check(operands: str, ranges: Ranges, node: Node) -> None:
    """Unsupported unless a node that was made from a record has the operands and parameters of its operator."""
    check_operands(operands, [value.type for value in node.inputs])
    check_parameters(ranges, node.attrs)
