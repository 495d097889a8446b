"""Lookup tables of 256 results (Lookup8), and thresholds found by binary search (Thresholds), in any layout."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Kernel, serves
from mgecc.ops.lookup import ThresholdsAttrs
from mgecc.targets import Target

_WORDS = {1: "uint8_t", 2: "uint16_t", 4: "uint32_t"}


def _kernel(size: int, vectors: bool) -> Kernel:
    word = _WORDS[size]
    return Kernel(
        f"lookup_u{8 * size}{'_v16' if vectors else ''}",
        "lookup/lookup.c.j2",
        (("x", "const uint8_t *"), ("table", f"const {word} *"), ("y", f"{word} *")),
        (("count", "int32_t"),),
        (("vectors", vectors),),
    )


@serves("Lookup8")
def lookups(node: Node, target: Target) -> Iterator[Candidate]:
    """Number by number, or sixteen bytes at a time from a table in registers."""
    x, size = node.inputs[0], node.output.type.dtype.size
    vectors = size == 1 and target.facts.int8.table_lookup

    def build(made: Node) -> list[Call]:
        source, table = made.inputs
        return [Call(_kernel(size, vectors), (source, table, made.output), (prod(source.type.stored_shape),))]

    blocks = {1, target.block_of(node.output.type.dtype.name), target.block_of(x.type.dtype.name)}
    for c in sorted(blocks, reverse=True):
        if c > 1 and x.type.rank != 4:
            continue
        cost = x.type.elements * (0.8 if vectors else 3.0)
        yield Candidate(build, cost, (c, 1), (c,), 120, (0,) if size == 1 else (), why="table of 256 results")


def _build_steps(node: Node) -> list[Call]:
    x, thresholds = node.inputs
    kernel = Kernel(
        "steps_u8",
        "lookup/thresholds.c.j2",
        (("x", "const int32_t *"), ("thresholds", "const int32_t *"), ("y", "uint8_t *")),
        (("count", "int32_t"), ("n", "int32_t"), ("base", "int32_t")),
    )
    sizes = (prod(x.type.stored_shape), thresholds.type.elements, node.attributes(ThresholdsAttrs).base)
    return [Call(kernel, (x, thresholds, node.output), sizes)]


@serves("Thresholds")
def steps(node: Node, target: Target) -> Iterator[Candidate]:
    """Number by number, by halving."""
    x = node.inputs[0]
    for c in sorted({1, target.block_of(node.output.type.dtype.name)}, reverse=True):
        if c == 1 or x.type.rank == 4:
            yield Candidate(
                _build_steps, x.type.elements * 60.0, (c, 1), (c,), 200, why="steps found by halving"
            )
