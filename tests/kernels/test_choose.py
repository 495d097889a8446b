"""Kernels with results of data-dependent size: what is chosen stands first, zeros fill the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from cases import TWO, Arrays, Case, on, over
from harness import node, value
from mgecc.graph import DType, Node, Unsupported
from mgecc.kernels import candidates
from mgecc.targets import Target, load_target

on_host = on(TWO)


def check(op: str, arrays: Arrays, **attrs: Any) -> Case:
    def made() -> Node:
        return node(op, [value(f"x{i}", a.shape, DType(a.dtype.name)) for i, a in enumerate(arrays)], **attrs)

    return Case(made, arrays, same_then_zeros)


def same_then_zeros(got: Arrays, want: Arrays) -> None:
    for g, w in zip(got, want, strict=True):
        chosen = tuple(map(slice, w.shape))
        np.testing.assert_array_equal(g[chosen], w)
        g[chosen] = 0
        assert not g.any(), "zeros behind"


def some(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> np.ndarray:
    return rng.integers(0, 2 if kind == "bool" else 4, shape).astype(kind)


@on_host
@over("condition", ["eq", "neq", "lt", "leq", "gt", "geq"])
def test_cond_take(target: Target, condition: str) -> Iterator[Case]:
    rng = np.random.default_rng(51)
    kinds = ("float32", "int32", "uint8", "bool", "float16")
    for turn in range(20):
        shape = tuple(rng.integers(1, 7, rng.integers(1, 4)))
        mask = some(rng, shape, kinds[turn % 4])
        if mask.dtype == np.float32:
            mask = mask + rng.choice([0, 0.25, np.nan, np.inf], shape).astype(np.float32)
        x = some(rng, shape, kinds[turn % 5])
        yield check(
            "CondTake",
            [x, mask],
            condition=condition,
            value=float(rng.integers(0, 3)),
            tolerance=(1e-6, 0.3)[turn % 2],
        )


@on_host
def test_non_zero(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(52)
    for turn in range(24):
        shape = tuple(rng.integers(1, 5, rng.integers(1, 5)))
        yield check("NonZero", [some(rng, shape, ("float32", "int32", "uint8", "bool")[turn % 4])])


@on_host
def test_different_rows(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(54)
    for turn in range(24):
        shape = (int(rng.integers(1, 30)), int(rng.integers(1, 4)))
        x = some(rng, shape, ("float32", "int32", "uint8", "bool")[turn % 4])
        yield check("Unique", [x], ordered=turn % 3 > 0)


@on_host
def test_suppression(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(53)
    for turn in range(24):
        batch, n = (int(v) for v in rng.integers(1, (4, 40)))
        low = rng.uniform(0, 10, (batch, n, 2))
        boxes = np.concatenate([low, low + rng.uniform(-1 if turn % 5 == 0 else 0.5, 6, low.shape)], 2)
        limit = int(rng.integers(1, 12)) if turn % 2 else n
        yield check(
            "NMSKeep",
            [boxes.astype(np.float32)],
            iou_threshold=(0.1, 0.5, 0.9)[turn % 3],
            max_boxes=limit,
        )


@on_host
def test_suppression_of_the_first_boxes(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(55)
    for turn in range(12):
        low = rng.uniform(0, 10, (1, 9, 2))
        boxes = np.concatenate([low, low + rng.uniform(0.5, 6, low.shape)], 2).astype(np.float32)
        valid = np.array([(0, 9, 3)[turn % 3]], np.int32)
        yield check("NMSKeep", [boxes, valid], iou_threshold=0.4, max_boxes=6)


@on_host
def test_numbers_behind_a_count(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(56)
    numbers = {
        "float32": -np.inf,
        "int32": 2**31 - 1,
        "uint8": 200,
        "bool": 1,
        "float16": np.nan,
        "int8": -128,
    }
    for turn in range(24):
        shape = tuple(int(n) for n in rng.integers(1, 7, rng.integers(1, 4)))
        axis, kind = turn % len(shape), list(numbers)[turn % len(numbers)]
        count = np.array([(0, shape[axis], rng.integers(0, shape[axis] + 1))[turn % 3]], np.int32)
        yield check_fill([some(rng, shape, kind), count], axis=axis, number=numbers[kind])


def check_fill(arrays: Arrays, **attrs: Any) -> Case:
    def made() -> Node:
        return node(
            "FillBehind", [value(f"x{i}", a.shape, a.dtype.name) for i, a in enumerate(arrays)], **attrs
        )

    def same(got: Arrays, want: Arrays) -> None:
        np.testing.assert_array_equal(got[0], want[0])

    return Case(made, arrays, same)


def test_forms_without_kernel_say_so() -> None:
    target = load_target("baremetal")
    with pytest.raises(Unsupported, match="float16"):
        candidates(node("NonZero", [value("x", (3,), "float16")]), target)
    masked = [value("x", (3,)), value("m", (3,), DType("qint8", 0.5))]
    with pytest.raises(Unsupported, match="mask"):
        candidates(node("CondTake", masked, condition="eq", value=0.0, tolerance=0.0), target)


@on_host
def test_joins_of_valid_parts(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(57)
    kinds = ("float32", "uint8", "int16", "float32")
    for turn in range(20):
        rank, kind = int(rng.integers(1, 4)), kinds[turn % 4]
        axis, shape = int(rng.integers(0, rank)), rng.integers(1, 6, rank)
        counted = (turn % 3 > 0, True, *[bool(k) for k in rng.integers(0, 2, turn % 4)])
        arrays, counts = [], []
        for varies in counted:
            shape[axis] = rng.integers(1, 6)
            arrays.append(some(rng, tuple(shape), kind))
            counts += [rng.integers(0, shape[axis] + 1, 1).astype(np.int32)] * varies
        yield check("ConcatCounted", [*arrays, *counts], axis=axis, counted=counted)
