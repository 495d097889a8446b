"""Argsort and TopK: stable merge sort of indices, or an insertion-sorted list where only a few are wanted.

Knuth, The Art of Computer Programming 3, 5.2.4 and 5.2.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from mgecc.graph import Node, Unsupported
from mgecc.graph.symbolic import always, at_max_sizes, sym_max
from mgecc.kernels.base import Call, Candidate, Kernel, Operand, Workspace, serves
from mgecc.kernels.numbers import ctype_of
from mgecc.kernels.plain import plain_candidate
from mgecc.ops import elementary
from mgecc.ops.known import known
from mgecc.ops.sorting import ArgsortAttrs, TopKAttrs, taken
from mgecc.targets import Target


@dataclass(frozen=True)
class _Sort:
    """``rows`` of ``n`` elements of which ``take`` are wanted, or the take-th alone."""

    rows: int
    n: int
    take: int
    descending: bool
    kth: bool = False

    @property
    def merge_cost(self) -> float:
        return self.rows * self.n * (12 * _log2(at_max_sizes(self.n) + 1) + 10)

    @property
    def list_cost(self) -> float:
        """Between elements in no order, of which take * log(n / take) enter the list, and the worst order."""
        entering = self.take * (1 + _log2(at_max_sizes(self.n) / at_max_sizes(self.take)))
        return self.rows * (4 * self.n + 4 * entering * self.take)

    @property
    def list_is_safe(self) -> bool:
        """The worst order costs no more than a few times the merge sort."""
        return at_max_sizes(self.take) <= 8 * _log2(at_max_sizes(self.n) + 1)


def _log2(x: float) -> float:
    """Of costs: they choose kernels, so every machine must find the same numbers."""
    return float(elementary.log2(np.float64(x)))


def _build(sort: _Sort, template: str, node: Node) -> list[Call]:
    x = node.inputs[0]
    ctype, letters = ctype_of(x.type.dtype)
    parts = ["sort", letters, template] + ["desc"] * sort.descending + ["kth"] * sort.kth
    scratch = [("list", sort.take)] if template == "first" else [("one", sort.n), ("two", sort.n)]
    operands = [("x", f"const {ctype} *"), *((name, "int32_t *") for name, _ in scratch), ("y", f"{ctype} *")]
    operands += [("index", "int32_t *")] * (not sort.kth)
    kernel = Kernel(
        "_".join(parts),
        f"sort/{template}.c.j2",
        tuple(operands),
        tuple((name, "int32_t") for name in ("rows", "n", "take")),
        (("ctype", ctype), ("descending", sort.descending), ("kth", sort.kth)),
    )
    memory: list[Operand] = [Workspace(4 * sym_max(count, 1)) for _, count in scratch]
    return [Call(kernel, (x, *memory, *node.outputs), (sort.rows, sort.n, sort.take))]


def _candidates(node: Node, sort: _Sort) -> Iterator[Candidate]:
    ctype_of(node.inputs[0].type.dtype)
    yield plain_candidate(node, partial(_build, sort, "merge"), 60 + sort.merge_cost, "merge sort")
    if always(lambda: sort.take < sort.n) and sort.list_is_safe:
        yield plain_candidate(
            node, partial(_build, sort, "first"), 60 + sort.list_cost, "list of the first few"
        )


@serves("Argsort")
def argsorts(node: Node, target: Target) -> Iterator[Candidate]:
    """Rows of float32 or integers."""
    x = node.inputs[0].type
    n = x.shape[-1]
    yield from _candidates(
        node, _Sort(x.elements // sym_max(n, 1), n, n, node.attributes(ArgsortAttrs).is_descending)
    )


@serves("TopK")
def top_ks(node: Node, target: Target) -> Iterator[Candidate]:
    """All modes; results are sorted also where the mode does not ask for it."""
    rows, n = node.inputs[0].shape
    if not n:
        raise Unsupported("rows without elements have no first ones")
    descending = int(known(node, 1)[0]) < 0
    yield from _candidates(node, _Sort(rows, n, taken(node), descending, node.attributes(TopKAttrs).kth_only))
