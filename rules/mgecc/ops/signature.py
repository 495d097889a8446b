"""What an operator reads in model files, as its class states it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from mgecc.graph import DType, TensorType, Unsupported

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


class WrongOperands(Unsupported):
    """There are too many operands or too few, as no program writes them."""


def check_operands(words: str, types: Sequence[TensorType]) -> None:
    """Unsupported unless the operands are of the kinds that ``words`` say, WrongOperands unless they are as many."""
    form = signature(words)
    kinds = form.kinds_of(len(types))
    if kinds is None:
        raise WrongOperands(f"it has {len(types)} operands, not {form.count}")
    for position, (kind, type_) in enumerate(zip(kinds, types)):
        fits, needed = _KINDS[kind]
        if not fits(type_.dtype):
            why = f"its operand {position} is {type_}, where {needed} must stand"
            raise Unsupported(why, "convert it with astype before")
