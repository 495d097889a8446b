"""Which quantised matrix products are served, by which templates."""

from __future__ import annotations

from collections.abc import Iterator

from mgecc.graph import Node
from mgecc.kernels.base import Candidate, offers, serves
from mgecc.kernels.qmatmul import plain, rows
from mgecc.targets import Target


@serves("MatrixMul")
def products(node: Node, target: Target) -> Iterator[Candidate]:
    """Packed rows where the weights are constant; always the plain form."""
    yield from offers(rows.candidates(node, target), plain.candidates(node, target))


@serves("BatchedMatrixMul")
def batched(node: Node, target: Target) -> Iterator[Candidate]:
    """Batches in the plain form."""
    yield from plain.candidates(node, target)
