"""Inverse, determinant and singular values in float32, for matrices of the sizes that models compute.

Gauss-Jordan elimination with partial pivoting; one-sided Jacobi rotations (Golub and Van Loan, Matrix Computations).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from mgecc.graph import Node
from mgecc.graph.symbolic import at_max_sizes
from mgecc.kernels.base import Call, Candidate, Kernel, Workspace, serves
from mgecc.kernels.plain import plain_candidate, require_float32
from mgecc.ops.linalg import SVDAttrs
from mgecc.targets import Target

_IN, _OUT = "const float *", "float *"


def _build_inverse(node: Node) -> list[Call]:
    *outer, n, _ = node.output.shape
    kernel = Kernel(
        "linalg_f32_inverse",
        "linalg/inverse.c.j2",
        (("x", _IN), ("y", _OUT), ("work", _OUT)),
        (("count", "int32_t"), ("n", "int32_t")),
    )
    return [Call(kernel, (node.inputs[0], node.output, Workspace(4 * n * n)), (prod(outer), n))]


@serves("MatrixInverse")
def inverse(node: Node, target: Target) -> Iterator[Candidate]:
    """Elimination row by row."""
    require_float32((node.inputs[0], node.output))
    *outer, n, _ = node.output.shape
    yield plain_candidate(node, _build_inverse, 100 + 6 * prod(outer) * n**3 / target.lanes, "elimination")


def _build_determinant(node: Node) -> list[Call]:
    *outer, n, _ = node.inputs[0].shape
    kernel = Kernel(
        "linalg_f32_determinant",
        "linalg/determinant.c.j2",
        (("x", _IN), ("y", _OUT), ("work", _OUT)),
        (("count", "int32_t"), ("n", "int32_t")),
    )
    return [Call(kernel, (node.inputs[0], node.output, Workspace(4 * n * n)), (prod(outer), n))]


@serves("Determinant")
def determinants(node: Node, target: Target) -> Iterator[Candidate]:
    """Elimination below the diagonal."""
    require_float32((node.inputs[0], node.output))
    *outer, n, _ = node.inputs[0].shape
    cost = 100 + 2 * prod(outer) * n**3 / target.lanes
    yield plain_candidate(node, _build_determinant, cost, "elimination")


def _build_svd(node: Node) -> list[Call]:
    *outer, m, n = node.inputs[0].shape
    uv, rows, length = len(node.outputs) == 3, min(m, n), max(m, n)
    basis = length if uv and node.attributes(SVDAttrs).full_matrices else rows
    names = ("u", "s", "v") if uv else ("s",)
    kernel = Kernel(
        f"linalg_f32_svd{'_uv' if uv else ''}",
        "linalg/svd.c.j2",
        (("x", _IN), *((name, _OUT) for name in (*names, "work"))),
        tuple((name, "int32_t") for name in ("count", "m", "n", "basis")),
        (("uv", uv),),
    )
    work = Workspace(4 * (basis * length + (rows * rows if uv else 0)))
    return [Call(kernel, (node.inputs[0], *node.outputs, work), (prod(outer), m, n, basis))]


@serves("SVD")
def singular_values(node: Node, target: Target) -> Iterator[Candidate]:
    """Rotations until all pairs of rows are orthogonal."""
    require_float32((node.inputs[0], *node.outputs))
    *outer, m, n = node.inputs[0].shape
    rows, columns = at_max_sizes(m), at_max_sizes(n)
    cost = 100 + 60.0 * prod(outer) * min(rows, columns) ** 2 * max(rows, columns) / target.lanes
    yield plain_candidate(node, _build_svd, cost, "one-sided Jacobi rotations")
