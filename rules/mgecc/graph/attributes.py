"""Attributes of nodes: a frozen dataclass for each operator, whose fields state what they may hold.

Steps = tuple[Annotated[int, Range(1, 1 << 20)], ...]

@dataclass(frozen=True)
class PoolAttrs(Attributes):
    stride: Steps
    mode: Literal["max", "average"] = "max"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from mgecc.graph.unsupported import Unsupported


@dataclass(frozen=True)
class Attributes:
    """Base of the attributes of an operator: frozen dataclasses of numbers, words, types and tuples of them."""


_A = TypeVar("_A", bound=Attributes)


@dataclass(frozen=True)
class NoAttrs(Attributes):
    """Of operators that have none."""


@dataclass(frozen=True)
class Stated(Attributes):
    """Of a node of the user's file, which only messages name: its parameters by name, those that are worth showing."""

    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Range:
    """In ``Annotated``: the smallest and the largest number that a field holds; NaN is in no range."""

    low: float
    high: float

    def __str__(self) -> str:
        whole = isinstance(self.high, int)
        return (
            f"numbers from {self.low} to {self.high}"
            if whole
            else f"numbers from {self.low:g} to {self.high:g}"
        )

    def holds(self, value: Any) -> bool:
        """Whether all numbers in ``value`` lie in the range; what is no number, such as a declared size, does."""
        if isinstance(value, tuple):
            return all(map(self.holds, value))
        return isinstance(value, bool) or not isinstance(value, int | float) or self.low <= value <= self.high


INT_MAX = (1 << 31) - 1
FLOAT_MAX = 3.4028234663852886e38
FINITE = Range(-FLOAT_MAX, FLOAT_MAX)
NOT_NEGATIVE = Range(0.0, FLOAT_MAX)
NATURAL = Range(0, INT_MAX)
POSITIVE = Range(1, INT_MAX)


@dataclass(frozen=True)
class _Words:
    """What a ``Literal`` allows."""

    words: tuple[Any, ...]

    def __str__(self) -> str:
        return ", ".join(map(str, self.words))

    def holds(self, value: Any) -> bool:
        return value is None or value in self.words


def named(attrs: Attributes) -> dict[str, Any]:
    """Attributes by name, in the order in which their class states them."""
    return {f.name: getattr(attrs, f.name) for f in fields(attrs)}


def unusual(attrs: Attributes) -> dict[str, Any]:
    """Attributes by name that have no default, or another value, but for those that are not shown."""
    if isinstance(attrs, Stated):
        return dict(attrs.parameters)
    stated = named(attrs)
    return {f.name: stated[f.name] for f in fields(attrs) if f.repr and stated[f.name] != f.default}


def changed(attrs: _A, **values: Any) -> _A:
    """The same attributes with other values of some, by name; TypeError if their class has none of that name."""
    return replace(attrs, **values)


def mapped(attrs: _A, function: Callable[[Any], Any]) -> _A:
    """The same attributes with ``function`` applied to every value."""
    return replace(attrs, **{name: function(value) for name, value in named(attrs).items()})


def check(attrs: Attributes) -> None:
    """Unsupported unless every field holds what its type states."""
    kind: Any = type(attrs)
    for name, rule in _rules(kind):
        value = getattr(attrs, name)
        if not rule.holds(value):
            why = f"its parameter {name} is {value}, {rule} are served"
            raise Unsupported(why, "give the layer another one")


@cache
def _rules(kind: Any) -> tuple[tuple[str, Range | _Words], ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple((name, rule) for name, hint in hints.items() for rule in _stated(hint))


def _stated(hint: Any) -> Iterator[Range | _Words]:
    if get_origin(hint) is Literal:
        yield _Words(get_args(hint))
        return
    for part in get_args(hint):
        if isinstance(part, Range):
            yield part
        else:
            yield from _stated(part)
