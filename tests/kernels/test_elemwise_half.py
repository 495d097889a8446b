"""Element-wise kernels read and write halves: float32 in between, one rounding at the end, as the operators mean."""

from __future__ import annotations

from collections.abc import Iterator

import batch
import numpy as np
import pytest
from cases import Case, Close, case_of, on, over
from harness import host_targets, node, value
from mgecc.graph import DType, Node
from mgecc.ops.elemwise_modes import find_mode
from mgecc.targets import Target

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
on_host = on(host_targets())
MODES = (
    "add",
    "mul",
    "true_div",
    "max",
    "relu",
    "sigmoid",
    "tanh",
    "h_swish",
    "mul_add",
    "floor",
    "abs",
)
OTHERS = ("float32", "int32", "int16", "uint16", "int8", "uint8", "bool")


def halves(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Of all sizes, denormals included."""
    return (rng.normal(size=shape) * 2.0 ** rng.integers(-18, 8, shape)).astype(np.float16)


def check(tested: Node, inputs: list[np.ndarray]) -> Case:
    """Within one unit in the last place: ties of float32 results that are close, not exact, may go either way."""
    return case_of(tested, inputs, Close(0, 0))


def random_shapes(rng: np.random.Generator, count: int) -> list[tuple[int, ...]]:
    """The first is whole; others are stretched along some axes, or are one number."""
    rank = int(rng.choice([1, 2, 3, 4, 4, 4]))
    whole = tuple(int(n) for n in rng.choice([1, 2, 3, 5, 8, 13, 16, 17, 33], rank))
    rest = [tuple(int(n) if rng.random() < 0.7 else 1 for n in whole) for _ in range(count - 1)]
    return [whole, *(s if rng.random() < 0.8 else (1,) for s in rest)]


@on_host
@over("seed", range(22))
def test_random_shapes(target: Target, seed: int) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    mode = MODES[seed % len(MODES)]
    shapes = random_shapes(rng, find_mode(mode).arity)
    arrays = [halves(rng, s) for s in shapes]
    constant = seed % 3 == 0 and len(shapes) > 1
    values = [value(f"x{i}", s, "float16") for i, s in enumerate(shapes)]
    if constant:
        values[-1].const = arrays[-1]
    yield check(node("Elemwise", values, mode=mode), arrays)


@on_host
@over("dtype", OTHERS)
def test_conversions(target: Target, dtype: str) -> Iterator[Case]:
    rng = np.random.default_rng(3)
    for shape in ((1,), (7,), (40,), (2, 16, 3, 3), (1, 5, 2, 7)):
        half, other = value("x", shape, "float16"), value("x", shape, dtype)
        yield check(node("TypeCvt", [half], dtype=DType(dtype)), [halves(rng, shape)])
        given = (rng.normal(size=shape) * 300).astype(dtype)
        yield check(node("TypeCvt", [other], dtype=DType("float16")), [given])


@on_host
def test_quantised_numbers(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(4)
    kind, shape = DType("qint8", 0.05), (2, 8, 3, 5)
    yield check(node("TypeCvt", [value("x", shape, "float16")], dtype=kind), [halves(rng, shape)])
    stored = rng.integers(-128, 128, shape).astype(np.int8)
    yield check(node("TypeCvt", [value("x", shape, kind)], dtype=DType("float16")), [stored])


@on_host
def test_choices_and_rounding(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(5)
    a, b, mask = halves(rng, (3, 19)), halves(rng, (3, 19)), rng.random((3, 19)) < 0.5
    values = [value("m", a.shape, "bool"), value("a", a.shape, "float16"), value("b", a.shape, "float16")]
    yield check(node("Where", values), [mask, a, b])
    yield check(node("PowC", [value("a", a.shape, "float16")], exponent=2.0), [a])
    wide = np.concatenate([rng.normal(size=37) * 1e5, rng.normal(size=37) * 1e-6]).astype(np.float32)
    yield check(node("RoundHalf", [value("x", wide.shape)]), [wide])


def _case(seed: int) -> batch.Case:
    """Of halves, converted at the end so that the batch can compare."""
    rng = np.random.default_rng(seed)
    shape = random_shapes(rng, 1)[0]
    x = halves(rng, shape)

    def make() -> Node:
        return node("TypeCvt", [value("x", shape, "float16")], dtype=DType("float32"))

    return batch.Case(f"float16 {shape}", make, [x])


def _rounded(seed: int) -> batch.Case:
    rng = np.random.default_rng(seed)
    shape = random_shapes(rng, 1)[0]
    return batch.Case(
        f"round {shape}",
        lambda: node("RoundHalf", [value("x", shape)]),
        [rng.normal(size=shape).astype("f4")],
    )


@pytest.mark.parametrize("target", ["arm64", "armv7", "baremetal"])
def test_kernels_on_arm(target: str) -> None:
    batch.check_emulated([*map(_case, range(12)), *map(_rounded, range(12))], target)
