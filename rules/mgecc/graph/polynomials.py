"""Whole numbers as polynomials over sizes and over quotients, minima and maxima of such polynomials, in a normal form.

What can be said of one for all sizes at once is decided by bounds where they suffice, else by looking at every
combination of sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from math import prod
from typing import Any, cast

import numpy as np

MAX_POINTS = 1 << 22
"""Combinations of sizes that are looked at for one comparison."""

Monomial = tuple["Atom", ...]
Terms = tuple[tuple[Monomial, int], ...]
Point = Mapping["Atom", Any]


@dataclass(frozen=True)
class Atom:
    """A size (``op`` is "size", ``name`` its name, from ``low`` to ``high`` in whole steps), or an operation on two
    polynomials: "div" rounds down and has a positive divisor; "min"; "max".

    A size that is a multiple of ``step`` stands for the number of steps.
    """

    op: str
    a: Terms = ()
    b: Terms = ()
    name: str = ""
    low: int = 0
    high: int = 0
    step: int = 1

    @cached_property
    def key(self) -> str:
        """Decides the order of terms."""
        return f"{self.op} {self.name} {[(k, [m.key for m in t]) for t, k in (*self.a, *self.b)]}"

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        if self.op == "size":
            return f"{self.name}/{self.step}" if self.step > 1 else self.name
        a, b = text(self.a), text(self.b)
        return f"{_grouped(a)}//{_grouped(b)}" if self.op == "div" else f"{self.op}({a}, {b})"


def _grouped(words: str) -> str:
    return words if words.isalnum() else f"({words})"


def text(terms: Terms) -> str:
    parts = []
    for monomial, k in terms:
        names = [str(atom) for atom in monomial]
        for i, atom in enumerate(monomial):
            if atom.step > 1 and k % atom.step == 0:
                names[i], k = atom.name, k // atom.step
        parts.append("*".join(([str(k)] if k != 1 or not names else []) + names))
    return " + ".join(parts).replace("+ -", "- ") or "0"


def _sorted(terms: Mapping[Monomial, int]) -> Terms:
    """Normal form: highest degree first."""
    kept = [(m, k) for m, k in terms.items() if k]
    return tuple(sorted(kept, key=lambda t: (-len(t[0]), [a.key for a in t[0]])))


def constant(value: int) -> Terms:
    return (((), value),) if value else ()


def plus(a: Terms, b: Terms, sign: int = 1) -> Terms:
    total = dict(a)
    for m, k in b:
        total[m] = total.get(m, 0) + sign * k
    return _sorted(total)


def times(a: Terms, b: Terms) -> Terms:
    total: dict[Monomial, int] = {}
    for (m, k), (n, j) in product(a, b):
        joined = tuple(sorted((*m, *n), key=lambda x: x.key))
        total[joined] = total.get(joined, 0) + k * j
    return _sorted(total)


def _without(m: Monomial, n: Monomial) -> Monomial | None:
    """The monomial m / n; None if n does not divide it."""
    rest = list(m)
    for atom in n:
        if atom not in rest:
            return None
        rest.remove(atom)
    return tuple(rest)


def _exact(a: Terms, b: Terms) -> tuple[Terms, Terms]:
    """Quotient and rest of a division of polynomials, as far as leading terms divide."""
    whole: Terms = ()
    while a:
        (m, k), (n, j) = a[0], b[0]
        left = _without(m, n)
        if left is None or k % j:
            break
        term: Terms = ((left, k // j),)
        whole, a = plus(whole, term), plus(a, times(term, b), -1)
    return whole, a


def fixed_number(terms: Terms) -> int | None:
    """The polynomial as a number, if it is one."""
    if not terms:
        return 0
    return terms[0][1] if terms[0][0] == () else None


def quotient(a: Terms, b: Terms) -> Terms:
    """a // b, rounded down; b is positive."""
    divisor = fixed_number(b)
    if divisor is not None and divisor < 0:
        return quotient(plus((), a, -1), constant(-divisor))
    if divisor is None:
        whole, rest = _exact(a, b)
        if not rest:
            return whole
        low, high = bounds(plus(b, rest, -1))
        if low > 0 and bounds(rest)[0] >= 0:
            return whole
        return plus(whole, ((((Atom("div", rest, b),)), 1),))
    whole = _sorted({m: k // divisor for m, k in a})
    rest = _sorted({m: k % divisor for m, k in a})
    low, high = bounds(rest)
    if low // divisor == high // divisor:
        return plus(whole, constant(low // divisor))
    return plus(whole, (((_quotient(rest, divisor),), 1),))


def _quotient(a: Terms, divisor: int) -> Atom:
    """An atom for a // divisor; quotients of quotients become one."""
    (m, k), rest = a[0], fixed_number(a[1:])
    if len(m) == 1 and m[0].op == "div" and k == 1 and rest is not None:
        inner = fixed_number(m[0].b)
        if inner is not None:
            return _quotient(plus(m[0].a, constant(rest * inner)), divisor * inner)
    return Atom("div", a, constant(divisor))


def value(terms: Terms, point: Point) -> Any:
    """The polynomial's value, or an array of values, where sizes have the values that ``point`` says."""
    known: dict[Atom, Any] = dict(point)

    def of(terms: Terms) -> Any:
        total: Any = 0
        for m, k in terms:
            part: Any = k
            for atom in m:
                part = part * of_atom(atom)
            total = total + part
        return total

    def of_atom(atom: Atom) -> Any:
        if atom not in known:
            a, b = of(atom.a), of(atom.b)
            known[atom] = a // b if atom.op == "div" else _EXTREMES[atom.op](a, b)
        return known[atom]

    return of(terms)


_EXTREMES: dict[str, Callable[[Any, Any], Any]] = {"min": np.minimum, "max": np.maximum}


@lru_cache(maxsize=1 << 16)
def bounds(terms: Terms) -> tuple[int, int]:
    """Numbers between which the polynomial certainly lies."""
    low = high = 0
    for m, k in terms:
        ends = (k, k)
        for atom in m:
            ends = _product(ends, _atom_bounds(atom))
        low, high = low + ends[0], high + ends[1]
    return low, high


def _product(x: tuple[int, int], y: tuple[int, int]) -> tuple[int, int]:
    ends = [a * b for a, b in product(x, y)]
    return min(ends), max(ends)


def _atom_bounds(atom: Atom) -> tuple[int, int]:
    if atom.op == "size":
        return atom.low, atom.high
    a, b = bounds(atom.a), bounds(atom.b)
    if atom.op == "div":
        ends = [x // y for x, y in product(a, (max(1, b[0]), max(1, b[1])))]
        return min(ends), max(ends)
    pick = min if atom.op == "min" else max
    return pick(a[0], b[0]), pick(a[1], b[1])


def _sizes(terms: Terms) -> Iterator[Atom]:
    for m, _ in terms:
        for atom in m:
            if atom.op == "size":
                yield atom
            else:
                yield from _sizes(atom.a)
                yield from _sizes(atom.b)


def sizes_of(terms: Terms) -> list[Atom]:
    """The sizes that the polynomial depends on, in order of their names."""
    return sorted(set(_sizes(terms)), key=lambda a: a.key)


def grid(sizes: list[Atom]) -> dict[Atom, np.ndarray]:
    """Every combination of the sizes, as arrays that broadcast."""
    ranges = [np.arange(s.low, s.high + 1, dtype=np.int64) for s in sizes]
    return dict(zip(sizes, np.ix_(*ranges)))


def _common(terms: Terms) -> Terms:
    """The polynomial without positive factors that all its terms have; its sign is the same."""
    for atom in dict.fromkeys(terms[0][0]):
        shorter = [(_without(m, (atom,)), k) for m, k in terms]
        if _atom_bounds(atom)[0] > 0 and all(m is not None for m, _ in shorter):
            return _common(_sorted({cast("Monomial", m): k for m, k in shorter}))
    return terms


def points_of(sizes: list[Atom]) -> int:
    """How many combinations of sizes there are."""
    return prod(s.high - s.low + 1 for s in sizes)


_HOLDS: dict[str, Callable[[Any], Any]] = {
    "==": lambda d: d == 0,
    "<": lambda d: d < 0,
    "<=": lambda d: d <= 0,
}
_BY_BOUNDS: dict[str, Callable[[int, int], bool | None]] = {
    "==": lambda low, high: True if low == high == 0 else False if low > 0 or high < 0 else None,
    "<": lambda low, high: True if high < 0 else False if low >= 0 else None,
    "<=": lambda low, high: True if high <= 0 else False if low > 0 else None,
}


@lru_cache(maxsize=1 << 16)
def decide(terms: Terms, relation: str) -> bool | str:
    """Whether ``terms <relation> 0`` for all sizes or for none; else a text that says for which it holds."""
    if not terms:
        return relation != "<"
    terms = _common(terms)
    answer = _BY_BOUNDS[relation](*bounds(terms))
    if answer is not None:
        return answer
    sizes = sizes_of(terms)
    points = points_of(sizes)
    if points > MAX_POINTS:
        return f"there are {points} combinations of sizes, too many to look at"
    holds = np.broadcast_to(_HOLDS[relation](value(terms, grid(sizes))), [s.high - s.low + 1 for s in sizes])
    if holds.all() or not holds.any():
        return bool(holds.all())
    return f"so with {_first(sizes, holds)}, not so with {_first(sizes, ~holds)}"


def _first(sizes: list[Atom], mask: np.ndarray) -> str:
    places = np.unravel_index(int(np.argmax(mask)), mask.shape)
    return ", ".join(f"{s.name}={(int(i) + s.low) * s.step}" for s, i in zip(sizes, places))
