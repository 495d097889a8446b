"""Copies, views and changes of layout hold exactly the elements that the operators mean."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from cases import Case, Close, case_of, on, over
from harness import all_candidates, host_targets, node, value
from mgecc.graph import DType, Node, Unsupported
from mgecc.kernels import candidates
from mgecc.kernels.copy.views import one_part
from mgecc.targets import Target

THREE = host_targets()[:3]
on_host = on(THREE)
DTYPES = ["float32", "int8", "int16", "bool"]


def numbers(shape: tuple[int, ...], dtype: str = "float32", seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2 if dtype == "bool" else 120, shape)
    return x.astype(dtype)


def constant(numbers_: list[int], name: str = "k") -> tuple[np.ndarray, object]:
    array = np.array(numbers_, np.int32)
    return array, value(name, array.shape, "int32", array)


def check(tested: Node, inputs: list[np.ndarray]) -> Case:
    return case_of(tested, inputs, Close(0, 0))


@on_host
@over("dtype", DTYPES)
def test_transposes(target: Target, dtype: str) -> Iterator[Case]:
    cases = [((2, 3, 4, 5), (0, 2, 3, 1)), ((2, 3, 4, 5), (0, 3, 1, 2)), ((7, 5), (1, 0)), ((2, 1, 3), (2, 0)),
             ((4, 6), (0, -1, 1)), ((3, 1, 5), (1, 0, 2)), ((2, 3, 2, 2, 3), (4, 2, 0, 3, 1)),
             ((6,), (-1, 0)), ((2, 9, 6, 11), (0, 2, 3, 1)), ((2, 9, 6, 11), (3, 0, 2, 1)), ((13, 4, 5), (1, 2, 0)),
             ((3, 8, 9), (0, 2, 1)), ((5, 2, 4, 2, 6), (0, 2, 1, 4, 3))]  # fmt: skip
    for shape, pattern in cases:
        x = numbers(shape, dtype)
        yield check(node("Dimshuffle", [value("x", shape, dtype)], pattern=tuple(pattern)), [x])


@on_host
def test_slices(target: Target) -> Iterator[Case]:
    x = numbers((4, 6, 5, 7))
    cases = [
        [(0, slice(1, 3, None))], [(1, slice(None, None, 2))], [(3, slice(None, None, -1))], [(2, slice(-3, -1, None))],
        [(3, slice(5, 0, -2)), (1, slice(2, None, None))], [(0, 2)], [(1, -1), (3, slice(0, 2, None))],
        [(0, slice(2, 3, None))],
        [(0, 1), (1, 2), (2, 3), (3, 4)],
    ]  # fmt: skip
    for items in cases:
        inputs, described, arrays = [value("x", x.shape)], [], [x]
        for axis, part in items:
            bounds = (
                (part.start, part.stop, part.step, None)
                if isinstance(part, slice)
                else (None, None, None, part)
            )
            described.append((axis, *(b is not None for b in bounds)))
            for bound in bounds:
                if bound is not None:
                    array, v = constant([bound])
                    inputs.append(v)
                    arrays.append(array)
        yield check(node("Subtensor", inputs, items=tuple(described)), arrays)


@on_host
def test_broadcasts_and_views(target: Target) -> Iterator[Case]:
    x = numbers((1, 3, 1, 4))
    for shape in ([2, 3, 5, 4], [1, 3, 1, 4], [1, 3, 7, 4], [2, 1, 3, 1, 4]):
        array, v = constant(shape)
        yield check(node("Broadcast", [value("x", x.shape), v]), [x, array])
    array, v = constant([6, 2])
    reshape = node("Reshape", [value("x", x.shape), v])
    assert all(not c.build(reshape) for c in candidates(reshape, target)), "a reshape moves nothing"
    yield check(reshape, [x, array])
    yield check(
        node("AxisAddRemove", [value("x", x.shape)], steps=(("remove", 0), ("add", 3))),
        [x],
    )
    yield check(node("Identity", [value("x", (2, 5, 3, 3))]), [numbers((2, 5, 3, 3))])
    yield check(node("BitCast", [value("x", x.shape)], dtype=DType("int32")), [x])


@on_host
@over("dtype", DTYPES)
def test_joins(target: Target, dtype: str) -> Iterator[Case]:
    cases = [
        ([(1, 3, 4, 4), (1, 5, 4, 4)], 1), ([(2, 16, 3, 3), (2, 32, 3, 3)], 1), ([(1, 16, 3, 3), (1, 32, 3, 3)], 1),
        ([(2, 5, 3, 3), (2, 5, 2, 3)], 2), ([(2, 3), (2, 4), (2, 1)], -1), ([(3,), (4,)], 0), ([(2, 5, 3, 3)], 3),
        ([(1, 5, 3, 3), (2, 5, 3, 3)], 0),
    ]  # fmt: skip
    for shapes, axis in cases:
        arrays = [numbers(s, dtype, i) for i, s in enumerate(shapes)]
        yield check(
            node("Concat", [value(f"x{i}", s, dtype) for i, s in enumerate(shapes)], axis=axis),
            arrays,
        )


@pytest.mark.parametrize("target", THREE, ids=[t.isa for t in THREE])
def test_parts_of_a_join_can_be_computed_in_place(target: Target) -> None:
    shapes = [(1, 16, 3, 3), (1, 32, 3, 3)]
    tested = node("Concat", [value(f"x{i}", s) for i, s in enumerate(shapes)], axis=1)
    for candidate in candidates(tested, target):
        offsets = [call.alias.offset for call in candidate.build(tested) if call.alias]
        assert offsets == [0, 16 * 9 * 4]


@on_host
def test_splits(target: Target) -> Iterator[Case]:
    for shape, sizes, axis in [((1, 48, 3, 3), (16, 32), 1), ((2, 48, 3, 3), (16, 32), 1), ((2, 9, 4), (1, 5, 3), 1),
                               ((6, 2), (2, 4), 0), ((2, 5, 3, 6), (3, 3), -1)]:  # fmt: skip
        x = numbers(shape)
        arrays, values = zip(*(constant([n], f"k{i}") for i, n in enumerate(sizes)))
        yield check(node("Split", [value("x", shape), *values], axis=axis), [x, *arrays])


@on_host
@over("mode", ["constant", "reflect", "replicate"])
def test_padding(target: Target, mode: str) -> Iterator[Case]:
    for dtype in ("float32", "int8"):
        for shape, pairs in [
            ((2, 3, 4, 5), [(0, 0), (1, 2), (3, 1), (2, 4)]),
            ((7,), [(3, 2)]),
            ((4, 5), [(0, 0), (0, 0)]),
            ((2, 16, 3, 2), [(1, 0), (0, 5), (1, 1), (0, 1)]),
            ((1, 5, 3, 2), [(0, 0), (0, 0), (2, 1), (0, 1)]),
        ]:
            attrs = {"padding": tuple(pairs), "mode": mode, "value": 3.0}
            yield check(node("Padding", [value("x", shape, dtype)], **attrs), [numbers(shape, dtype)])


@on_host
def test_relayouts(target: Target) -> Iterator[Case]:
    for shape in [(2, 16, 3, 5), (1, 13, 4, 4), (3, 32, 1, 1), (1, 3, 7, 2), (2, 5, 1, 1)]:
        for dtype in ("float32", "int8"):
            for before, after in [(1, 4), (4, 1), (1, 8), (16, 1), (4, 8), (8, 4), (4, 16)]:
                x = numbers(shape, dtype)
                tested = node("Relayout", [value("x", shape, dtype)], before=before, after=after)
                assert [c.out_blocks[0] for c in all_candidates(tested, target)] == [after]
                yield check(tested, [x])


@on(host_targets()[1:])
def test_relayouts_of_whole_vectors(target: Target) -> Iterator[Case]:
    c = target.lanes
    shapes = [
        (2, channels, 1, pixels)
        for channels in (c, c + 1, 2 * c + 7)
        for pixels in (1, 3, 4, 7, 8, 15, 16, 35)
    ]
    for shape in [*shapes, (1, 3, 5, 7), (1, c - 1, 9, 9), (3, 2 * c, 6, 6)]:
        for dtype in ("float32", "int32"):
            for before, after in [(1, c), (c, 1)]:
                x = numbers(shape, dtype)
                yield check(node("Relayout", [value("x", shape, dtype)], before=before, after=after), [x])


def test_bounds_computed_from_data_are_refused() -> None:
    x, bound = value("x", (4, 6)), value("b", (1,), "int32")
    tested = node("Subtensor", [x, bound], items=((0, True, False, False, False),))
    with pytest.raises(Unsupported, match="computed from the model's data"):
        list(one_part(tested, host_targets()[0]))
