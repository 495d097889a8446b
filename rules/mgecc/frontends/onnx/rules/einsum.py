"""Sums of products by index letters: operands are joined two by two, each pair by a batched matrix product."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from string import ascii_letters

import numpy as np

from mgecc.frontends.tensors import INT64
from mgecc.graph import Unsupported
from mgecc.graph.symbolic import is_one

from . import OnnxNode, Tensor, TensorBuilder, rule


@dataclass(frozen=True)
class _Term:
    """A tensor with a letter for each axis, none of them twice."""

    letters: str
    x: Tensor

    def size(self, letter: str) -> int:
        return self.x.shape[self.letters.index(letter)]

    def sizes(self, letters: Iterable[str]) -> list[int]:
        return [self.size(letter) for letter in letters]


@rule("BatchedMatrixMul", "Einsum")
def einsum(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    operands = node.given
    parts, result = _parsed(node.require("equation"), [x.rank for x in operands])
    terms = [_without_ones(t, _diagonal(t, letters, x)) for letters, x in zip(parts, operands)]
    while len(terms) > 1:
        a, b, *rest = terms
        terms = [_joined(t, a, b, set(result).union(*(r.letters for r in rest))), *rest]
    total = _summed(t, terms[0], set(result))
    sizes = {
        letter: n for letters, x in zip(parts, operands) for letter, n in zip(letters, x.shape) if n != 1
    }
    full = _with_axes(t, total, result)
    return [t.broadcast(full, [sizes.get(letter, 1) for letter in result])]


def _parsed(equation: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """Letters of the operands and of the result; dots stand for letters that the equation does not use."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    form = re.compile(r"[A-Za-z]*(\.\.\.)?[A-Za-z]*")
    if len(terms) != len(ranks) or not all(form.fullmatch(term) for term in (*terms, right)):
        raise Unsupported(f"the equation {equation!r} does not fit its {len(ranks)} operands")
    free = [letter for letter in ascii_letters if letter not in equation]
    hidden = [rank - len(term.replace("...", "")) if "..." in term else 0 for term, rank in zip(terms, ranks)]
    dots = "".join(free[: max(hidden, default=0)])
    full = [term.replace("...", dots[len(dots) - n :]) for term, n in zip(terms, hidden)]
    if not arrow:
        once = sorted(c for c in set("".join(terms)) - {"."} if "".join(terms).count(c) == 1)
        right = "..." + "".join(once)
    result = right.replace("...", dots)
    if any(len(f) != rank for f, rank in zip(full, ranks)) or not set(result) <= set("".join(full)):
        raise Unsupported(f"the equation {equation!r} does not fit operands of rank {list(ranks)}")
    return full, result


def _diagonal(t: TensorBuilder, letters: str, x: Tensor) -> _Term:
    """A letter that an operand has twice takes the diagonal of the two axes."""
    own = "".join(dict.fromkeys(letters))
    if own == letters:
        return _Term(letters, x)
    sizes = {letter: n for letter, n in zip(letters, x.shape)}
    if any(sizes[letter] != n for letter, n in zip(letters, x.shape)):
        raise Unsupported(f"the axes {letters} of {list(x.shape)} have no diagonal")
    steps = [prod(x.shape[axis + 1 :]) for axis in range(x.rank)]
    places = np.zeros([1] * len(own), np.int64)
    for axis, letter in enumerate(own):
        step = sum(s for s, other in zip(steps, letters) if other == letter)
        shape = [1] * axis + [-1] + [1] * (len(own) - axis - 1)
        places = places + (np.arange(sizes[letter]) * step).reshape(shape)
    flat = t.reshape(x, (x.elements,))
    return _Term(own, t.take(flat, 0, t.constant(places, INT64)))


def _without_ones(t: TensorBuilder, term: _Term) -> _Term:
    """Axes of size 1 repeat along those that others call the same."""
    kept = [letter for letter in term.letters if not is_one(term.size(letter))]
    return _Term("".join(kept), t.reshape(term.x, term.sizes(kept)))


def _summed(t: TensorBuilder, term: _Term, needed: set[str]) -> _Term:
    """Without the letters that nothing else has."""
    gone = [axis for axis, letter in enumerate(term.letters) if letter not in needed]
    kept = "".join(letter for letter in term.letters if letter in needed)
    return _Term(kept, t.reduce("sum", term.x, gone, False)) if gone else term


def _ordered(t: TensorBuilder, term: _Term, letters: str) -> Tensor:
    return t.transpose(term.x, [term.letters.index(letter) for letter in letters])


def _with_axes(t: TensorBuilder, term: _Term, letters: str) -> Tensor:
    """In the order of ``letters``, with size 1 where the term has none of them."""
    own = "".join(letter for letter in letters if letter in term.letters)
    shape = [term.size(letter) if letter in own else 1 for letter in letters]
    return t.reshape(_ordered(t, term, own), shape)


def _joined(t: TensorBuilder, a: _Term, b: _Term, needed: set[str]) -> _Term:
    """The product of two, summed over the letters that are not needed after it."""
    a, b = _summed(t, a, needed | set(b.letters)), _summed(t, b, needed | set(a.letters))
    both = [letter for letter in a.letters if letter in b.letters]
    batch = [letter for letter in both if letter in needed]
    inner = [letter for letter in both if letter not in needed]
    if a.sizes(both) != b.sizes(both):
        raise Unsupported(f"sizes {a.sizes(both)} and {b.sizes(both)} of the axes {''.join(both)} differ")
    rows = [letter for letter in a.letters if letter not in both]
    columns = [letter for letter in b.letters if letter not in both]
    letters = "".join((*batch, *rows, *columns))
    if not inner or not a.x.dtype.is_float:
        return _multiplied(t, a, b, letters, "".join(inner))
    m, k, n = (prod(x) for x in (a.sizes(rows), a.sizes(inner), b.sizes(columns)))
    sizes = a.sizes(batch)
    left = t.reshape(_ordered(t, a, "".join((*batch, *rows, *inner))), (*sizes, m, k))
    right = t.reshape(_ordered(t, b, "".join((*batch, *inner, *columns))), (*sizes, k, n))
    product = t.matmul(left, right)
    return _Term(letters, t.reshape(product, (*sizes, *a.sizes(rows), *b.sizes(columns))))


def _multiplied(t: TensorBuilder, a: _Term, b: _Term, letters: str, inner: str) -> _Term:
    """Element by element, then summed."""
    every = letters + inner
    product = t.elemwise("mul", _with_axes(t, a, every), _with_axes(t, b, every))
    return _summed(t, _Term(every, product), set(letters))
