"""Gathering and scattering kernels against the meaning of the operators."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from cases import TWO, Arrays, Case, on, over
from harness import all_candidates, host_names, node, run_candidate, value
from mgecc.graph import DType, Node, Unsupported, Value
from mgecc.kernels import candidates
from mgecc.targets import Target, load_target

on_host = on(TWO)
TYPES = ("float32", "int32", "float16", "uint8", "int8", "bool")


def data(rng: np.random.Generator, shape: tuple[int, ...], kind: str = "float32") -> np.ndarray:
    if kind.startswith("float"):
        return rng.standard_normal(shape).astype(kind)
    return rng.integers(0, 2 if kind == "bool" else 100, shape).astype(kind)


def check(op: str, inputs: list[tuple[np.ndarray, bool]], **attrs: Any) -> Case:
    """All candidates of a node give exactly what its meaning says; flags tell which inputs are constants."""
    return Case(partial(_node, op, inputs, attrs), [a for a, _ in inputs], same)


def _bits(array: np.ndarray) -> bytes:
    """Its bits; those of NaN, which sums may choose, are all the same."""
    return (
        np.where(np.isnan(array), np.float32(np.nan), array) if array.dtype.kind == "f" else array
    ).tobytes()


def same(got: Arrays, want: Arrays) -> None:
    """The same bits, and zeros behind results that are shorter than their bound."""
    for g, w in zip(got, want, strict=True):
        part = tuple(map(slice, w.shape))
        assert _bits(g[part]) == _bits(w)
        g[part] = 0
        assert not g.any(), "zeros behind"


def _node(op: str, inputs: list[tuple[np.ndarray, bool]], attrs: dict[str, Any]) -> Node:
    values: list[Value] = [
        value(f"x{i}", a.shape, DType(a.dtype.name), a if fixed else None)
        for i, (a, fixed) in enumerate(inputs)
    ]
    return node(op, values, **attrs)


def a_slice(rng: np.random.Generator, n: int) -> tuple[list[bool], list[int]]:
    """Flags and numbers of a random slice of an axis of n elements."""
    step = int(rng.choice([-2, -1, 1, 2, 3]))
    flags = [bool(f) for f in rng.integers(0, 2, 2)]
    bounds = [int(b) for b in rng.integers(-n - 1, n + 2, 2)]
    return [*flags, True], [b for b, f in zip(bounds, flags) if f] + [step]


def index(rng: np.random.Generator, n: int, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(-n, n, shape).astype(np.int32)


def addressed(
    rng: np.random.Generator, read: str, x: np.ndarray
) -> tuple[list[Any], list[tuple[np.ndarray, bool]]]:
    """Random items for data x and their inputs."""
    items, found = [], list[tuple[np.ndarray, bool]]()
    axes = rng.permutation(x.ndim)[: rng.integers(1, x.ndim + 1)]
    common = tuple(rng.integers(1, 4, rng.integers(1, 3)))
    needs_index = read != "Subtensor"
    for axis in sorted(int(a) for a in axes):
        n = x.shape[axis]
        if (needs_index or rng.integers(2)) and not (read == "BatchedMeshIndexing" and axis == 0):
            shape = {"Subtensor": (1,), "IndexingMultiAxisVec": common, "MeshIndexing": common[:1]}.get(read)
            shape = shape or (x.shape[0], int(rng.integers(1, 4)))
            items.append((axis - x.ndim * int(rng.integers(2)), False, False, False, True))
            found.append((index(rng, n, shape), bool(rng.integers(2))))
            needs_index = bool(rng.integers(2))
        elif read != "BatchedMeshIndexing" or axis:
            flags, numbers = a_slice(rng, n)
            items.append((axis, *flags, False))
            found += [(np.array([b], np.int32), True) for b in numbers]
    return items, found


READS = ("Subtensor", "IndexingMultiAxisVec", "MeshIndexing", "BatchedMeshIndexing")
SETS = ("SetSubtensor", "IndexingSetMultiAxisVec", "SetMeshIndexing", "BatchedSetMeshIndexing")
ADDS = ("IncrSubtensor", "IndexingIncrMultiAxisVec", "IncrMeshIndexing", "BatchedIncrMeshIndexing")


def random_x(rng: np.random.Generator, kind: str) -> np.ndarray:
    return data(rng, tuple(rng.integers(1, 6, rng.integers(2, 5))), kind)


@on_host
@over("read", READS)
def test_reads(target: Target, read: str) -> Iterator[Case]:
    rng = np.random.default_rng(1)
    for turn in range(24):
        x = random_x(rng, TYPES[turn % len(TYPES)])
        items, index_inputs = addressed(rng, read, x)
        if any(item[4] for item in items) or read == "Subtensor":
            yield check(read, [(x, False), *index_inputs], items=tuple(items))


@on_host
@over(("read", "write"), [*zip(READS, SETS), *zip(READS, ADDS)])
def test_writes(target: Target, read: str, write: str) -> Iterator[Case]:
    rng = np.random.default_rng(2)
    kinds = ("float32", "int32", "uint8", "int8") if "Incr" in write else TYPES
    for turn in range(24):
        x = random_x(rng, kinds[turn % len(kinds)])
        items, index_inputs = addressed(rng, read, x)
        if not (any(item[4] for item in items) or read == "Subtensor"):
            continue
        part = node(
            read,
            [value("x", x.shape), *(value("i", a.shape, "int32", a) for a, _ in index_inputs)],
            items=tuple(items),
        )
        shape = [n if rng.integers(4) else 1 for n in part.output.shape][int(rng.integers(2)) :] or [1]
        v = data(rng, tuple(shape), x.dtype.name)
        if "Incr" in write:  # whole numbers: the order of additions must not matter here
            x, v = (np.round(a * 4).astype(a.dtype) for a in (x, v))
        yield check(write, [(x, False), (v, False), *index_inputs], items=tuple(items))


@on_host
@over("mode", ["mul", "min", "max"])
def test_writes_that_combine_with_what_is_there(target: Target, mode: str) -> Iterator[Case]:
    """An element that is addressed several times gets all; NaN stays, and is taken over."""
    rng = np.random.default_rng(9)
    for kind in ("float32", "int32", "int16", "uint16", "uint8", "int8"):
        for rows in ((7,), (2, 5)):
            x, v = data(rng, (3, 4, 5), kind), data(rng, (*rows, 4, 5), kind)
            if kind == "float32":
                x[0, 1, 2] = v[..., 3, 1] = np.nan
            if kind in ("int32", "int16"):
                x, v = x * -300, v * 300
            items = ((0, False, False, False, True),)
            inputs = [
                (x, False),
                (v[..., :1, :] if len(rows) > 1 else v, False),
                (index(rng, 3, rows), False),
            ]
            yield check("IndexingReduceMultiAxisVec", inputs, items=items, mode=mode)


@on_host
def test_one_hot_indexing(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(3)
    for turn in range(20):
        x = random_x(rng, TYPES[turn % len(TYPES)])
        axis = int(rng.integers(0, x.ndim))
        kept = x.shape[:axis] + x.shape[axis + 1 :]
        i = (index(rng, x.shape[axis], kept), False)
        yield check("IndexingOneHot", [(x, False), i], axis=axis)
        v = data(rng, x.shape[:axis] + (1,) + x.shape[axis + 1 :], x.dtype.name)
        yield check("IndexingSetOneHot", [(x, False), i, (v, False)], axis=axis - x.ndim)


@on_host
def test_remap_by_coordinates(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(4)
    for turn in range(20):
        x = random_x(rng, TYPES[turn % len(TYPES)])
        shape = tuple(rng.integers(1, 5, rng.integers(1, 4)))
        places = np.stack([index(rng, n, shape) for n in x.shape], -1)
        yield check("IndexingRemap", [(x, False), (places, False)])


@on_host
def test_flips_rotations_and_diagonals(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(5)
    for turn in range(20):
        kind = TYPES[turn % len(TYPES)]
        k = int(rng.integers(-3, 4))
        yield check("Diag", [(data(rng, (int(rng.integers(1, 7)),), kind), False)], diagonal=k)
        yield check("Diag", [(data(rng, tuple(rng.integers(4, 9, 2)), kind), False)], diagonal=k)
        x = data(rng, tuple(rng.integers(1, 6, 4)), kind)
        yield check("Flip", [(x, False)], vertical=turn % 2 == 0, horizontal=turn % 3 == 0)
        yield check("Rotate", [(x, False)], clockwise=turn % 2 == 0)


@on_host
@over("mode", ["rgb2bgr", "bgr2rgb", "gray2rgb", "rgba2rgb", "rgba2bgr"])
def test_channels_are_chosen(target: Target, mode: str) -> Iterator[Case]:
    rng = np.random.default_rng(7)
    before = {"gray": 1, "rgba": 4}.get(mode.partition("2")[0], 3)
    for turn in range(20):
        x = data(rng, (*rng.integers(1, 8, 3), before), ("float32", "uint8")[turn % 2])
        yield check("CvtColor", [(x, False)], mode=mode)


@on_host
def test_slices_with_computed_bounds_end_with_zeros(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(6)
    for turn in range(30):
        x = random_x(rng, TYPES[turn % len(TYPES)])
        axis = int(rng.integers(0, x.ndim))
        flags, numbers = a_slice(rng, x.shape[axis])
        bounds = [(np.array([b], np.int32), False) for b in numbers[:-1]]
        step = (np.array(numbers[-1:], np.int32), True)
        yield check("Subtensor", [(x, False), *bounds, step], items=((axis, *flags, False),))


@on_host
def test_computed_bounds_beside_other_indices(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(8)
    for turn in range(24):
        x = data(rng, tuple(rng.integers(1, 6, 4)), TYPES[turn % len(TYPES)])
        items: list[tuple[int, bool, bool, bool, bool]] = []
        inputs = [(x, False)]
        for axis in [int(a) for a in rng.permutation(4)[: turn % 4 + 1]]:
            if axis == turn % 3:
                items.append((axis, False, False, False, True))
                inputs.append((index(rng, x.shape[axis], (1,)), turn % 2 == 0))
            else:
                computed = bool(rng.integers(2))
                items.append((axis, False, True, False, False))
                inputs.append((index(rng, x.shape[axis] + 1, (1,)), not computed))
        yield check("Subtensor", inputs, items=tuple(items))


@pytest.mark.parametrize("target", TWO, ids=[t.isa for t in TWO])
@pytest.mark.parametrize("op", ["IndexingMultiAxisVec", "IndexingSetMultiAxisVec"])
def test_indices_out_of_range_take_the_nearest_end(target: Target, op: str) -> None:
    x = np.arange(12, dtype=np.float32).reshape(4, 3)
    far = np.array([9, -9, 2**31 - 1, -(2**31), 1], np.int32)
    inputs = [value("x", x.shape), value("v", (1,)), value("i", far.shape, "int32")]
    arrays = [x, np.array([-1], np.float32), far]
    if op == "IndexingMultiAxisVec":
        del inputs[1], arrays[1]
    tested = node(op, inputs, items=((0, False, False, False, True),))
    (got,) = run_candidate(tested, target, all_candidates(tested, target)[0], arrays)
    if op == "IndexingMultiAxisVec":
        assert (got == x[[3, 0, 3, 0, 1]]).all()
    else:
        assert (got[[0, 1, 3]] == -1).all()
        assert (got[2] == x[2]).all()


def test_forms_without_kernel_say_so() -> None:
    target = load_target("baremetal")
    half = [value("x", (3,), "float16"), value("v", (2,), "float16"), value("i", (2,), "int32")]
    with pytest.raises(Unsupported, match="adding"):
        candidates(node("IndexingIncrMultiAxisVec", half, items=((0, False, False, False, True),)), target)
    narrow = [value("x", (3,)), value("i", (2,), "uint8")]
    with pytest.raises(Unsupported, match="uint8"):
        candidates(node("IndexingMultiAxisVec", narrow, items=((0, False, False, False, True),)), target)


def test_targets_are_there() -> None:
    assert "scalar" in host_names()
