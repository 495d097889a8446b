"""Which element-wise steps to bytes are served: where conversions saturate and make zero of NaN."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import prod

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Const, Kernel, serves
from mgecc.kernels.qelem.cast_steps import STEPS, least_keys
from mgecc.kernels.qelem.integer_sum import Factors, integer_factors
from mgecc.kernels.requant import BYTES
from mgecc.ops.elemwise_multi_type import ElemwiseMultiTypeAttrs
from mgecc.ops.quantize import quantize, scale_of
from mgecc.targets import Target

_SUMS = ("add", "add_relu")
_LETTERS = {**BYTES, "float32": "f32"}
_CTYPES = {"s8": "int8_t", "u8": "uint8_t", "f32": "float"}


def _mode(node: Node) -> str:
    """Of what is no conversion."""
    return "" if node.op == "TypeCvt" else node.attributes(ElemwiseMultiTypeAttrs).mode


def _has_form(node: Node) -> bool:
    """Whether all operands are of the shape of the result, and of types that kernels here know."""
    kinds = ("float32",) if node.op == "TypeCvt" else tuple(BYTES)
    return (
        node.output.type.dtype.name in BYTES
        and (node.op == "TypeCvt" or _mode(node) in _SUMS)
        and len(node.inputs) == (1 if node.op == "TypeCvt" else 2)
        and all(v.type.dtype.name in kinds and not v.is_const for v in node.inputs)
        and all(v.shape == node.output.shape for v in node.inputs)
        and all(isinstance(size, int) for size in node.output.shape)
    )


def _numbers(node: Node) -> np.ndarray:
    """The array that kernels call q, see mgecc.kernels.requant."""
    out, first, last = (v.type.dtype for v in (node.output, node.inputs[0], node.inputs[-1]))
    low, high = (bound - out.zero_point for bound in out.range)
    low = max(low, 0) if _mode(node) == "add_relu" else low
    scales = [scale_of(first), np.float32(1) / scale_of(out), low, high, scale_of(last)]
    return np.array([*scales, out.zero_point, last.zero_point, first.zero_point, 0, 0], np.float32)


def _build(node: Node) -> list[Call]:
    letters = [_LETTERS[v.type.dtype.name] for v in node.inputs]
    unsigned = int(BYTES[node.output.type.dtype.name] == "u8")
    kernel = Kernel(
        f"qelem_{'_'.join(letters)}_to_{BYTES[node.output.type.dtype.name]}",
        "qelem/wide.c.j2",
        (
            *((f"x{i}", f"const {_CTYPES[kind]} *") for i, kind in enumerate(letters)),
            *(("q", "const float *"), ("y", "int8_t *")),
        ),
        (("n", "int32_t"),),
        (("inputs", tuple(enumerate(letters))), ("unsigned", unsigned)),
        ("requant",),
    )
    n = prod(node.output.type.stored_shape)
    return [Call(kernel, (*node.inputs, Const(partial(_numbers, node)), node.output), (n,))]


@serves("TypeCvt", "ElemwiseMultiType")
def steps(node: Node, target: Target) -> Iterator[Candidate]:
    """Real numbers to quantised bytes, and sums of two tensors of quantised bytes; all of one shape and layout."""
    if not _has_form(node):
        return
    if target.facts.int8.saturating_conversions:
        yield from _by_vectors(node, target)
    elif target.facts.int8.integer_sums and node.op != "TypeCvt":
        yield from _by_integers(node, target)
    elif node.op == "TypeCvt" and not target.facts.core.fpu:
        yield from _by_steps(node, target)


def _blocks(node: Node, target: Target) -> list[int]:
    return sorted({1, target.block_of(node.output.type.dtype.name) if node.output.type.rank == 4 else 1})


def _by_vectors(node: Node, target: Target) -> Iterator[Candidate]:
    pair = len(node.inputs) == 2
    for block in _blocks(node, target):
        elements = prod(node.output.type.with_block(block).stored_shape)
        yield Candidate(
            _build,
            30.0 + elements * (3.2 if pair else 1.3),
            (block,) * len(node.inputs),
            (block,),
            700 if pair else 500,
            (0, 1) if pair else (),
            why="four vectors at a time",
        )


def _by_integers(node: Node, target: Target) -> Iterator[Candidate]:
    first, last = (v.type.dtype for v in node.inputs)
    factors = integer_factors((first, last), node.output.type.dtype, _mode(node))
    if factors is None:
        return
    for block in _blocks(node, target):
        elements = prod(node.output.type.with_block(block).stored_shape)
        build = partial(_integer_sum, factors, target.lanes)
        cost = 20.0 + 10.0 * elements / target.lanes
        yield Candidate(build, cost, (block,) * 2, (block,), 120, (0, 1), why="sums of integers")


def _integer_sum(factors: Factors, lanes: int, node: Node) -> list[Call]:
    letters = [_LETTERS[v.type.dtype.name] for v in (*node.inputs, node.output)]
    types = [_CTYPES[kind] for kind in letters]
    kernel = Kernel(
        f"qelem_{'_'.join(letters[:2])}_sum_to_{letters[2]}",
        "qelem/integer_sum.c.j2",
        (("x0", f"const {types[0]} *"), ("x1", f"const {types[1]} *"), ("y", f"{types[2]} *")),
        tuple((name, "int32_t") for name in ("n", "f0", "f1", "more", "shift", "low", "high")),
        (("inputs", tuple(letters[:2])), ("lanes", lanes), ("yt", types[2])),
        ("int8_lanes",) if lanes > 1 else (),
    )
    return [Call(kernel, (*node.inputs, node.output), (prod(node.output.type.stored_shape), *factors))]


def _by_steps(node: Node, target: Target) -> Iterator[Candidate]:
    for block in _blocks(node, target):
        elements = prod(node.output.type.with_block(block).stored_shape)
        why = "steps found by halving"
        yield Candidate(_cast, 30.0 + 55.0 * elements, (block,), (block,), 200, why=why, weights=4 * STEPS)


def _cast(node: Node) -> list[Call]:
    dtype = node.output.type.dtype
    letters = BYTES[dtype.name]
    kernel = Kernel(
        f"qelem_f32_steps_to_{letters}",
        "qelem/cast_steps.c.j2",
        (("x", "const int32_t *"), ("keys", "const int32_t *"), ("y", f"{_CTYPES[letters]} *")),
        tuple((name, "int32_t") for name in ("n", "least", "none")),
        (("yt", _CTYPES[letters]),),
    )
    none = int(quantize(np.array([np.nan], np.float32), dtype)[0])
    operands = (node.inputs[0], Const(partial(least_keys, dtype)), node.output)
    return [Call(kernel, operands, (prod(node.output.type.stored_shape), dtype.range[0], none))]
