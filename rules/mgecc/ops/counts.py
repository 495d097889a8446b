"""Numbers of elements that only the run decides, as sums of unknowns: what is equal, and what is at most there.

A ``Count`` is ``rest`` plus unknowns times factors. Each unknown is a kind of ``Atom``, equal to another one where
both are the same number in every run. Elements chosen by conditions that together hold for each element exactly once
are as many as there are elements: sums of such unknowns are put in that simpler form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mgecc.graph import Node, Value
from mgecc.graph.symbolic import always, equal, sym_max
from mgecc.ops.spans import Condition, cover


@dataclass(frozen=True)
class Count:
    """A number of elements, never negative. Equal to another one if it is that in every run."""

    rest: int = 0
    terms: dict[Atom, int] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.rest, frozenset(self.terms.items())))

    @property
    def most(self) -> int:
        """The largest number that it can be."""
        return self.rest + sum(factor * atom.most for atom, factor in self.terms.items())

    @property
    def is_fixed(self) -> bool:
        return not self.terms

    def __add__(self, other: Count | int) -> Count:
        other = other if isinstance(other, Count) else Count(other)
        terms = dict(self.terms)
        for atom, factor in other.terms.items():
            terms[atom] = terms.get(atom, 0) + factor
        return Count(self.rest + other.rest, terms)._simpler()

    def __mul__(self, factor: int) -> Count:
        return Count(self.rest * factor, {atom: f * factor for atom, f in self.terms.items()})

    def divided(self, divisor: int) -> Count | None:
        """The quotient, None where it is not whole for each of the terms."""
        if any(n % divisor for n in (self.rest, *self.terms.values())):
            return None
        return Count(self.rest // divisor, {atom: f // divisor for atom, f in self.terms.items()})

    def up_to(self, limit: int) -> Count:
        """The smaller of it and ``limit``."""
        if always(lambda: self.most <= limit):
            return self
        if always(lambda: self.rest >= limit):
            return Count(limit)
        return Count(0, {Least(limit, self): 1})

    def without(self, number: int) -> Count:
        """As many fewer, or none."""
        if always(lambda: self.rest >= number):
            return Count(self.rest - number, self.terms)
        if always(lambda: self.most <= number):
            return Count()
        return Count(0, {Excess(number, self): 1})

    def every(self, step: int) -> Count:
        """How many elements every ``step``-th is, the first one among them."""
        if self.is_fixed or step == 1:
            return Count(-(-self.rest // step), self.terms)
        return Count(0, {Strided(step, self): 1})

    def _simpler(self) -> Count:
        for group in self._partitions():
            factor = min(self.terms[atom] for atom in group)
            kept = {a: f - factor * (a in group) for a, f in self.terms.items()}
            return group[0].domain * factor + Count(self.rest, {a: f for a, f in kept.items() if f})
        return self

    def _partitions(self) -> Iterator[list[Chosen]]:
        """Unknowns whose conditions hold for each element of their data exactly once."""
        groups: dict[Value, list[Chosen]] = {}
        for atom in self.terms:
            if isinstance(atom, Chosen):
                groups.setdefault(atom.condition.operand, []).append(atom)
        for group in groups.values():
            if cover([atom.condition for atom in group]):
                yield group


@dataclass(frozen=True)
class Chosen:
    """How many of ``domain`` elements fulfil a condition; ``node`` tells."""

    condition: Condition
    domain: Count
    node: Node = field(compare=False)

    @property
    def most(self) -> int:
        return self.domain.most


def chosen(condition: Condition, domain: Count, node: Node) -> Count:
    """How many of ``domain`` elements fulfil a condition; ``node`` can tell."""
    if condition.always:
        return domain
    return Count(0, {Chosen(condition, domain, node): 1} if condition.parts else {})


@dataclass(frozen=True)
class Passing:
    """How many of ``domain`` elements of ``operand`` pass a test of which nothing else is known; ``node`` tells."""

    operand: Value
    test: tuple[str | float, ...]
    domain: Count
    node: Node = field(compare=False)

    @property
    def most(self) -> int:
        return self.domain.most


@dataclass(frozen=True)
class Sliced:
    """How many elements a slice with computed bounds takes of ``size``; ``node`` tells."""

    bounds: tuple[Value | None, ...]
    size: int
    most: int
    node: Node = field(compare=False)


@dataclass(frozen=True)
class Least:
    """The smaller of a count and a number."""

    most: int
    of: Count


@dataclass(frozen=True)
class Excess:
    """By how much a count is larger than a number, 0 where it is not."""

    number: int
    of: Count

    @property
    def most(self) -> int:
        return sym_max(0, self.of.most - self.number)


@dataclass(frozen=True)
class Strided:
    """How many elements a slice with a step takes of a count."""

    step: int
    of: Count

    @property
    def most(self) -> int:
        return -(-self.of.most // self.step)


Atom = Chosen | Passing | Sliced | Least | Excess | Strided


def same(a: Count, b: Count) -> bool:
    return a == b or (a.is_fixed and b.is_fixed and equal(a.rest, b.rest))
