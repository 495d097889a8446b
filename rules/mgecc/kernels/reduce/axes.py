"""Axes of a reduction as (a, r, b): the numbers before, along and after one run of reduced axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from mgecc.graph.symbolic import is_one


@dataclass(frozen=True)
class Span:
    """x[a][r][b], to be reduced along r."""

    a: int
    r: int
    b: int

    @property
    def elements(self) -> int:
        return self.a * self.r * self.b


def span(shape: Sequence[int], axis: int) -> Span:
    """One axis."""
    return Span(prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :]))


def spans(shape: Sequence[int], axes: Sequence[int]) -> list[Span]:
    """Reductions one after another, innermost first, that reduce all ``axes``; axes of size 1 join their neighbours."""
    runs: list[list[int]] = []  # [reduced, size]
    for i, n in enumerate(shape):
        reduced = int(i in axes)
        if is_one(n):
            continue
        if runs and runs[-1][0] == reduced:
            runs[-1][1] *= n
        else:
            runs.append([reduced, n])
    found = []
    for i in reversed(range(len(runs))):
        if runs[i][0]:
            before = prod(n for _, n in runs[:i])
            after = prod(n for reduced, n in runs[i + 1 :] if not reduced)
            found.append(Span(before, runs[i][1], after))
    return found or [Span(prod(shape), 1, 1)]
