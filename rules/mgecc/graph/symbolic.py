"""Symbolic integers: what a dimension is where one program serves many shapes.

A ``Sym`` goes through the compiler in the place of an int. Arithmetic gives another Sym. A comparison gives True or
False only if that is so for *every* declared combination of sizes; else, and wherever a fixed number is needed,
``Undecided`` is raised. So whatever comes out at the end holds for all sizes: it is proven, not tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import prod
from typing import Any, TypeVar, cast

import numpy as np

from mgecc.graph.polynomials import (
    MAX_POINTS,
    Atom,
    Monomial,
    Terms,
    bounds,
    constant,
    decide,
    fixed_number,
    grid,
    plus,
    points_of,
    quotient,
    sizes_of,
    text,
    times,
    value,
)
from mgecc.graph.unsupported import CLOSE, OPEN, SIZES_ADVICE, Unsupported


class Undecided(Unsupported):
    """Something would have to be different for different sizes of one program."""

    def __init__(self, why: str) -> None:
        super().__init__(why, SIZES_ADVICE)


def _terms(other: Any) -> Terms | None:
    if isinstance(other, Sym):
        return other.terms
    if isinstance(other, (int, np.integer)):
        return constant(int(other))
    return None


def number(terms: Terms) -> int:
    """An int where the polynomial is one, else a Sym; typed as what it stands for."""
    fixed = fixed_number(terms)
    return fixed if fixed is not None else cast("int", Sym(terms))


class Sym:
    """A whole number that depends on sizes; see the module. Never equal to a fixed number for all sizes."""

    __slots__ = ("terms",)

    def __init__(self, terms: Terms) -> None:
        self.terms = terms

    def __add__(self, other: Any) -> Any:
        terms = _terms(other)
        return _real("+", self, other) if terms is None else number(plus(self.terms, terms))

    def __sub__(self, other: Any) -> Any:
        terms = _terms(other)
        return _real("-", self, other) if terms is None else number(plus(self.terms, terms, -1))

    def __rsub__(self, other: Any) -> Any:
        terms = _terms(other)
        return _real("-", other, self) if terms is None else number(plus(terms, self.terms, -1))

    def __mul__(self, other: Any) -> Any:
        terms = _terms(other)
        return _real("*", self, other) if terms is None else number(times(self.terms, terms))

    __radd__, __rmul__ = __add__, __mul__

    def __floordiv__(self, other: Any) -> Any:
        terms = _terms(other)
        return NotImplemented if terms is None else _divide(self.terms, terms)

    def __rfloordiv__(self, other: Any) -> Any:
        terms = _terms(other)
        return NotImplemented if terms is None else _divide(terms, self.terms)

    def __mod__(self, other: Any) -> Any:
        return self - self // other * other

    def __rmod__(self, other: Any) -> Any:
        return other - other // self * self

    def __truediv__(self, other: Any) -> Any:
        return _real("/", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _real("/", other, self)

    def __pow__(self, other: int) -> Any:
        return prod([self] * other)

    def __neg__(self) -> Any:
        return 0 - self

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self if self >= 0 else -self

    def __eq__(self, other: object) -> bool:
        terms = _terms(other)
        return terms is not None and _answer(self, other, "==", plus(self.terms, terms, -1))

    def __lt__(self, other: Any) -> bool:
        return _compare(self, other, "<")

    def __le__(self, other: Any) -> bool:
        return _compare(self, other, "<=")

    def __gt__(self, other: Any) -> bool:
        return _compare(other, self, "<")

    def __ge__(self, other: Any) -> bool:
        return _compare(other, self, "<=")

    def __bool__(self) -> bool:
        return self != 0

    def __hash__(self) -> int:
        return hash(self.terms)

    def __int__(self) -> int:
        low, high = bounds(self.terms)
        if low == high:
            return low
        raise Undecided(f"{self} is to be the same for all sizes, and is not")

    __index__ = __int__

    def __float__(self) -> float:
        return float(int(self))

    def __repr__(self) -> str:
        return f"{OPEN}{text(self.terms)}{CLOSE}"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)


def _divide(a: Terms, b: Terms) -> int:
    if fixed_number(b) in (None, 0) and decide(plus(constant(1), b, -1), "<=") is not True:
        raise Undecided(f"{text(a)} is divided by {text(b)}, which is not always positive")
    return number(quotient(a, b))


_lenient = ContextVar("lenient", default=False)


@contextmanager
def lenient() -> Iterator[None]:
    """Inside, numbers that are not equal for all sizes count as different, unless one of them is 0.

    For optional rewrites: "not provably equal" counts as "not equal". Comparisons with 0 stay strict.
    """
    token = _lenient.set(True)
    try:
        yield
    finally:
        _lenient.reset(token)


@contextmanager
def strict() -> Iterator[None]:
    """Inside, also of ``lenient``, everything that is asked must have one answer for all sizes."""
    token = _lenient.set(False)
    try:
        yield
    finally:
        _lenient.reset(token)


def _answer(a: Any, b: Any, relation: str, terms: Terms) -> bool:
    found = decide(terms, relation)
    if isinstance(found, str):
        if relation == "==" and _lenient.get() and not (isinstance(b, int) and b == 0):
            return False
        raise Undecided(f"whether {a} {relation} {b} depends on the sizes ({found})")
    return found


def _compare(a: Any, b: Any, relation: str) -> bool:
    x, y = _terms(a), _terms(b)
    if x is None or y is None:
        raise Undecided(f"whether {a} {relation} {b} depends on the sizes")
    return _answer(a, b, relation, plus(x, y, -1))


@dataclass(frozen=True, eq=False)
class Real:
    """A real number that depends on sizes: estimates of costs, and factors such as one over a count."""

    op: str
    a: Any
    b: Any

    def __add__(self, other: Any) -> Any:
        return Real("+", self, other)

    def __radd__(self, other: Any) -> Any:
        return Real("+", other, self)

    def __sub__(self, other: Any) -> Any:
        return Real("-", self, other)

    def __rsub__(self, other: Any) -> Any:
        return Real("-", other, self)

    def __mul__(self, other: Any) -> Any:
        return Real("*", self, other)

    def __rmul__(self, other: Any) -> Any:
        return Real("*", other, self)

    def __truediv__(self, other: Any) -> Any:
        return Real("/", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return Real("/", other, self)

    def __bool__(self) -> bool:
        raise Undecided(f"{self} would have to be known")

    def __float__(self) -> float:
        raise Undecided(f"{self} would have to be known")

    def __lt__(self, other: Any) -> bool:
        raise Undecided(f"{self} would have to be compared")

    __le__ = __gt__ = __ge__ = __lt__

    def __repr__(self) -> str:
        return f"{OPEN}({self.a} {self.op} {self.b}){CLOSE}"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)


def _real(op: str, a: Any, b: Any) -> Any:
    known = (int, float, np.integer, np.floating, Sym, Real)
    return Real(op, a, b) if isinstance(a, known) and isinstance(b, known) else NotImplemented


def declare(name: str, low: int, high: int, step: int = 1) -> int:
    """A size that an application sets: a multiple of ``step`` from ``low`` to ``high``, both multiples of it too."""
    return number((((Atom("size", name=name, low=low // step, high=high // step, step=step),), step),))


_Number = TypeVar("_Number", int, float)


def at_max_sizes(x: _Number) -> _Number:
    """The value where all sizes are largest: an estimate, no bound."""
    if isinstance(x, Sym):
        return int(value(x.terms, {s: s.high for s in sizes_of(x.terms)}))
    if isinstance(x, Real):
        a, b = at_max_sizes(x.a), at_max_sizes(x.b)
        found: _Number = _OPERATIONS[x.op](a, b)
        return found
    return x


def lower_bound(x: int) -> int:
    """A proven lower bound of x; exact where the sizes have few combinations."""
    if not isinstance(x, Sym):
        return x
    sizes = sizes_of(x.terms)
    if points_of(sizes) > MAX_POINTS:
        return bounds(x.terms)[0]
    return int(np.min(value(x.terms, grid(sizes))))


def upper_bound(x: int) -> int:
    """A proven upper bound of x."""
    return -lower_bound(-x)


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


def prefix(x: Any) -> Any:
    """A number as plain data: an int, the name of a size, or [operation, operand, operand ...]."""
    if not isinstance(x, Sym):
        return x
    parts = [_term(monomial, k) for monomial, k in x.terms]
    return parts[0] if len(parts) == 1 else ["+", *parts]


def _term(monomial: Monomial, k: int) -> Any:
    factors = [*([k] if k != 1 or not monomial else []), *map(_atom_data, monomial)]
    return factors[0] if len(factors) == 1 else ["*", *factors]


def _atom_data(atom: Atom) -> Any:
    if atom.op == "size":
        return atom.name if atom.step == 1 else ["div", atom.name, atom.step]
    return [atom.op, prefix(number(atom.a)), prefix(number(atom.b))]


def sizes_in(x: Any) -> list[Atom]:
    """The sizes that a number depends on."""
    return sizes_of(x.terms) if isinstance(x, Sym) else []


def has_sizes(shape: Sequence[int]) -> bool:
    """Whether some of these numbers depend on sizes."""
    return any(isinstance(n, Sym) for n in shape)


def always(claim: Callable[[], bool]) -> bool:
    """Whether a claim holds for all sizes. For decisions after which both ways are right."""
    try:
        return bool(claim())
    except Undecided:
        return False


def equal(a: int, b: int) -> bool:
    """Whether two numbers are the same for all sizes."""
    return always(lambda: a == b)


def is_one(n: int) -> bool:
    """Whether a dimension is 1 for all sizes."""
    return equal(n, 1)


def _extreme(op: str, a: Any, b: Any) -> Any:
    first, second = (a, b) if op == "min" else (b, a)
    if always(lambda: first <= second):
        return a
    if always(lambda: second <= first):
        return b
    x, y = sorted((_terms(a) or (), _terms(b) or ()), key=text)
    return number((((Atom(op, x, y),), 1),))


def sym_min(first: int, *more: int) -> int:
    """min() of symbolic integers."""
    for other in more:
        first = _extreme("min", first, other)
    return first


def sym_max(first: int, *more: int) -> int:
    """max() of symbolic integers."""
    for other in more:
        first = _extreme("max", first, other)
    return first


def whole(x: Any) -> int:
    """int() of a dimension, which may depend on sizes."""
    return cast("int", x) if isinstance(x, Sym) else int(x)
