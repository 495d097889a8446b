"""Loop nests over several arrays: strides with broadcasting, and merging of axes that one loop can walk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from mgecc.graph.symbolic import equal, is_one


def dense(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides, in elements, of a dense row-major array."""
    return tuple(prod(shape[i + 1 :]) for i in range(len(shape)))


def broadcast_strides(shape: Sequence[int], to: Sequence[int]) -> tuple[int, ...]:
    """Strides of a dense array of ``shape`` seen as ``to``: NumPy's rule, 0 along stretched axes."""
    full = (1,) * (len(to) - len(shape)) + tuple(shape)
    return tuple(0 if is_one(d) else s for d, s in zip(full, dense(full)))


@dataclass(frozen=True)
class Nest:
    """Loops from the outermost: ``sizes``, and for every operand its stride in each loop."""

    sizes: tuple[int, ...]
    strides: tuple[tuple[int, ...], ...]

    @property
    def depth(self) -> int:
        return len(self.sizes)


def collapse(sizes: Sequence[int], strides: Sequence[Sequence[int]]) -> Nest:
    """The nest with the fewest loops that visits the same elements in the same order; at least one loop."""
    kept = [i for i, n in enumerate(sizes) if not is_one(n)]
    merged: list[tuple[int, list[int]]] = []
    for i in kept:
        steps = [s[i] for s in strides]
        if merged and all(equal(before, step * sizes[i]) for before, step in zip(merged[-1][1], steps)):
            merged[-1] = (merged[-1][0] * sizes[i], steps)
        else:
            merged.append((sizes[i], steps))
    if not merged:
        merged = [(1, [1] * len(strides))]
    return Nest(
        tuple(n for n, _ in merged), tuple(tuple(s[k] for _, s in merged) for k in range(len(strides)))
    )


def pad_outer(nest: Nest, depth: int) -> Nest:
    """The nest with loops of one round added outside, up to ``depth`` loops."""
    missing = depth - nest.depth
    return Nest((1,) * missing + nest.sizes, tuple((0,) * missing + s for s in nest.strides))
