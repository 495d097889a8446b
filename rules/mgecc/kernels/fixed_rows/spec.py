"""Candidates for FixedLogSoftmax and FixedL2Norm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Const, Kernel, serves
from mgecc.ops.fixed_rows import LOG_BITS, log_softmax_numbers
from mgecc.ops.rescaled import FixedSoftmaxAttrs, powers_table
from mgecc.targets import Target


def _call(
    node: Node,
    name: str,
    constants: Sequence[tuple[str, Const]],
    field: str,
    number: int,
    bits: int = 0,
    header: str = "fixed_point",
) -> list[Call]:
    """Of rows along the last axis; ``field``: the last argument of the kernel."""
    x, ctype = node.inputs[0], f"{node.inputs[0].type.dtype.numpy.name}_t"
    kernel = Kernel(
        f"fixed_{name.replace('_', '')}_{'us'[x.type.dtype.name == 'qint8']}8",
        f"fixed_rows/{name}.c.j2",
        (("x", f"const {ctype} *"), *((n, "const int32_t *") for n, _ in constants), ("y", "int8_t *")),
        (("rows", "int32_t"), ("n", "int32_t"), (field, "int32_t")),
        (("bits", bits),),
        ("rescale_one", header),
    )
    n = x.shape[-1]
    return [Call(kernel, (x, *(c for _, c in constants), node.output), (x.type.elements // n, n, number))]


def _log_softmax(node: Node) -> list[Call]:
    attrs = node.attributes(FixedSoftmaxAttrs)
    constants = (
        ("powers", Const(partial(powers_table, attrs.factor))),
        ("f", Const(lambda: np.array(log_softmax_numbers(attrs.factor), np.int32))),
    )
    return _call(node, "log_softmax", constants, "high", attrs.dtype.range[1], LOG_BITS)


def _l2_norm(node: Node) -> list[Call]:
    return _call(node, "l2_norm", (), "zero", node.inputs[0].type.dtype.zero_point, header="fixed_root")


@serves("FixedLogSoftmax")
def log_softmax(node: Node, target: Target) -> Iterator[Candidate]:
    """Powers from a table of 256; three passes over a row."""
    cost = 300.0 + 30.0 * node.output.type.elements
    yield Candidate(_log_softmax, cost, (1,), (1,), 700, (0,), why="a table of powers")


@serves("FixedL2Norm")
def l2_norm(node: Node, target: Target) -> Iterator[Candidate]:
    """Two passes over a row."""
    cost = 200.0 + 20.0 * node.output.type.elements
    yield Candidate(_l2_norm, cost, (1,), (1,), 400, (0,), why="row by row")
