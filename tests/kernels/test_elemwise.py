"""Element-wise kernels compute what the operators mean: every mode, element type, layout and kind of broadcasting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from cases import Case, Close, case_of, on, over, run_native
from harness import all_candidates, host_names, host_targets, node, value
from mgecc.graph import DType, Node, Unsupported
from mgecc.graph.types import BOOL
from mgecc.kernels import candidates
from mgecc.kernels.elemwise.modes import FLOAT, INTEGER
from mgecc.ops.elemwise_modes import find_mode, mode_names
from mgecc.targets import Target
from mixed import mixed_nodes

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
on_host = on(host_targets())
WIDE = host_targets()[::2]  # one scalar and one vector target are enough where only the C text differs
SHAPES = [
    [(7,)], [(1,)], [(3, 5), (3, 5)], [(2, 3, 4, 5), (1,)], [(1,), (2, 13)], [(2, 8, 3, 5), (1, 8, 1, 1)],
    [(2, 5, 3, 3), (1, 5, 1, 1)], [(4, 1, 6), (1, 5, 1)], [(2, 16, 1, 1), (2, 16, 7, 3)],
    [(2, 3, 4, 5, 6), (3, 1, 5, 1)],
    [(1, 16, 9, 1), (1, 16, 1, 1)], [(33, 17), (17,)], [(17, 33), (17, 1)], [(1, 3, 2, 2), (2, 3, 1, 1)],
    [(2, 1, 4, 4), (1, 6, 1, 1)], [(40,), (40,)], [(1, 32, 2, 2), (1, 32, 2, 2)], [(1, 20, 1, 1), (1, 20, 1, 1)],
    [(2, 2, 2, 2, 2, 2, 2), (2, 1, 2, 1, 2, 1, 2)], [(5, 1), (1, 5)],
]  # fmt: skip
DOMAIN = {
    "log": (0.01, 9), "sqrt": (0, 9), "acos": (-1, 1), "asin": (-1, 1), "log1p": (-0.9, 9), "acosh": (1, 9),
    "atanh": (-0.9, 0.9), "erfinv": (-0.99, 0.99), "erfcinv": (0.01, 1.99), "pow": (0.1, 3), "sinh": (-5, 5),
}  # fmt: skip


def check(tested: Node, inputs: list[np.ndarray], rtol: float = 3e-6, atol: float = 2e-6) -> Case:
    return case_of(tested, inputs, Close(rtol, atol))


def run_wide(cases: Sequence[Case]) -> None:
    for target in WIDE:
        run_native(cases, target)


def floats(shape: tuple[int, ...], mode: str, seed: int) -> np.ndarray:
    low, high = DOMAIN.get(mode, (-4, 4))
    x = np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)
    return x if mode == "sqrt" else np.where(x == 0, np.float32(0.5), x)


@pytest.mark.parametrize("mode", [m for m in mode_names() if "f" in find_mode(m).kinds])
def test_every_float_mode(mode: str) -> None:
    shapes = [(2, 5, 3, 3), (1, 5, 1, 1), (2, 5, 3, 3), (1,)][: find_mode(mode).arity]
    tested = node("Elemwise", [value(f"x{i}", s) for i, s in enumerate(shapes)], mode=mode)
    run_wide([check(tested, [floats(s, mode, i) for i, s in enumerate(shapes)], 1e-5)])


@pytest.mark.parametrize("dtype", ["int32", "int16", "uint16", "int8", "uint8"])
def test_every_integer_mode(dtype: str) -> None:
    info = np.iinfo(dtype)
    rng = np.random.default_rng(1)
    cases = []
    for mode in (m for m in mode_names() if "i" in find_mode(m).kinds):
        values = [value(f"x{i}", (3, 37), dtype) for i in range(find_mode(mode).arity)]
        arrays = [rng.integers(info.min, info.max, (3, 37), endpoint=True).astype(dtype) for _ in values]
        arrays[0][0, :4] = info.min
        if len(arrays) > 1:
            arrays[1][0, :4] = (info.min, info.max, 1, 3)
            arrays[1] = np.where(arrays[1] == 0, 7, arrays[1]).astype(dtype)
        if mode == "pow":
            arrays[1] = rng.integers(info.min and -3, 9, (3, 37)).astype(dtype)
            arrays[0][1] = rng.integers(info.min and -3, 4, 37)
        if mode in ("shl", "shr"):
            arrays[1] = rng.integers(info.min and -3, info.bits + 3, (3, 37)).astype(dtype)
        cases.append(check(node("Elemwise", values, mode=mode), arrays))
    run_wide(cases)


def test_every_bool_mode() -> None:
    rng = np.random.default_rng(2)
    cases = []
    for mode in (m for m in mode_names() if "b" in find_mode(m).kinds):
        values = [value(f"x{i}", (5, 9), "bool") for i in range(find_mode(mode).arity)]
        arrays = [rng.integers(0, 2, (5, 9)).astype(bool) for _ in values]
        cases.append(check(node("Elemwise", values, mode=mode), arrays))
    run_wide(cases)


@on_host
@over("shapes", SHAPES, ids=str)
def test_broadcasting(target: Target, shapes: list[tuple[int, ...]]) -> Iterator[Case]:
    rng = np.random.default_rng(3)
    modes = ("add", "sub") if len(shapes) == 2 else ("negate", "sigmoid")
    for mode in modes:
        tested = node("Elemwise", [value(f"x{i}", s) for i, s in enumerate(shapes)], mode=mode)
        yield check(tested, [rng.normal(size=s).astype(np.float32) for s in shapes])


@on_host
def test_constants_become_numbers_or_packed_data(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(2, 11, 3, 4)).astype(np.float32)
    for shape in ((1,), (1, 11, 1, 1), (11, 1, 1), (2, 11, 3, 4), (1, 1, 3, 4), (4,)):
        k = rng.normal(size=shape).astype(np.float32)
        for mode in ("mul", "sub"):
            tested = node("Elemwise", [value("x", x.shape), value("k", shape, const=k)], mode=mode)
            blocked = target.block_of("float32") > 1 and shape not in ((1, 1, 3, 4), (4,))
            assert len(all_candidates(tested, target)) == 1 + blocked
            yield check(tested, [x, k])


@pytest.mark.parametrize("target", host_targets(), ids=host_names())
def test_wild_modes_are_blocked_only_without_padding_lanes(target: Target) -> None:
    for channels in (13, 32):
        tested = node("Elemwise", [value("x", (1, channels, 2, 2))], mode="log")
        blocks = {c.out_blocks[0] for c in candidates(tested, target)}
        assert (len(blocks) == 2) == (channels == 32 and target.block_of("float32") > 1)


@on_host
def test_chains(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(5)
    shapes = [(2, 12, 5, 3), (1, 12, 1, 1), (2, 12, 5, 3)]
    arrays = [rng.normal(size=s).astype(np.float32) for s in shapes]
    chain = ("relu", ("add", ("mul", 0, 1), ("mul", 2, 0.5)))
    twice = ("mul", ("sigmoid", ("add", 0, 1)), ("add", 0, 1))
    power = ("add", ("powc", ("abs", 0), 0.7), ("powc", 2, 2.0))
    for expr, count in ((chain, 3), (twice, 2), (power, 3)):
        tested = node("FusedElemwise", [value(f"x{i}", s) for i, s in enumerate(shapes[:count])], expr=expr)
        yield check(tested, arrays[:count], 1e-5)


@on_host
def test_powers_by_a_constant(target: Target) -> Iterator[Case]:
    x = np.random.default_rng(6).uniform(0.1, 4, (3, 21)).astype(np.float32)
    for exponent in (0.0, 0.5, -0.5, 1.0, 2.0, 3.0, 4.0, -1.0, -2.0, 1.7, -0.3, 10.0):
        yield check(node("PowC", [value("x", x.shape)], exponent=exponent), [x])
        if exponent == int(exponent):
            yield check(node("PowC", [value("x", x.shape)], exponent=exponent), [-x])


def sample(dtype: DType, shape: tuple[int, ...], seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if dtype.is_float:
        x = (rng.normal(size=shape) * 60).astype(np.float32)
        x.reshape(-1)[:3] = (0.5, -0.5, 1e20)[: x.size]
        return x
    low, high = (0, 1) if dtype.name == "bool" else dtype.range
    if dtype.name == "qint32":
        low, high = -(2**24), 2**24
    return rng.integers(low, high, shape, endpoint=True).astype(dtype.numpy)


TYPES = [
    DType("float32"), DType("int32"), DType("int16"), DType("uint16"), DType("int8"), DType("uint8"), DType("bool"),
    DType("qint8", 0.37), DType("quint8", 0.5, 128), DType("qint32", 0.0123), DType("qint4", 3.0),
    DType("quint4", 2.0, 7),
]  # fmt: skip


@on_host
@over("source", TYPES, ids=str)
def test_conversions(target: Target, source: DType) -> Iterator[Case]:
    for result in TYPES:
        tested = node("TypeCvt", [value("x", (2, 5, 3, 3), source)], dtype=result)
        yield check(tested, [sample(source, (2, 5, 3, 3), 7)])


@on_host
def test_quantised_modes_are_exact(target: Target) -> Iterator[Case]:
    a, b, result = DType("qint8", 0.11), DType("quint8", 0.07, 120), DType("qint8", 0.2)
    shape = (2, 7, 5, 5)
    for mode in ("add", "sub", "mul", "max", "add_relu", "true_div", "add_h_swish"):
        values = [value("x", shape, a), value("y", (1, 7, 1, 1), b)]
        arrays = [sample(a, shape, 8), sample(b, (1, 7, 1, 1), 9)]
        yield check(node("ElemwiseMultiType", values, mode=mode, output_dtype=result), arrays)
    for mode in ("relu", "abs", "round", "h_swish", "negate"):
        tested = node("ElemwiseMultiType", [value("x", shape, b)], mode=mode, output_dtype=result)
        yield check(tested, [sample(b, shape, 10)])


@on_host
def test_modes_of_stored_integers(target: Target) -> Iterator[Case]:
    for dtype in (DType("qint32", 0.013), DType("qint8", 0.3), DType("quint8", 0.3, 99)):
        for mode in ("add", "sub", "max", "min", "relu", "add_relu", "negate", "abs"):
            values = [value(f"x{i}", (2, 6, 3, 3), dtype) for i in range(find_mode(mode).arity)]
            tested = node("Elemwise", values, mode=mode)
            yield check(tested, [sample(dtype, (2, 6, 3, 3), 11 + i) for i in range(len(values))])


@on_host
def test_mixed_integer_modes(target: Target) -> Iterator[Case]:
    for tested, arrays in mixed_nodes(np.random.default_rng(15)):
        yield check(tested, arrays)


@on_host
def test_comparisons_give_bool(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(12)
    for dtype in ("float32", "int32", "uint8"):
        for mode in ("eq", "neq", "lt", "leq"):
            arrays = [rng.integers(0, 4, (5, 13)).astype(dtype) for _ in range(2)]
            values = [value(f"x{i}", (5, 13), dtype) for i in range(2)]
            tested = node("ElemwiseMultiType", values, mode=mode, output_dtype=BOOL)
            yield check(tested, arrays)
    x = np.array([0, np.inf, -np.inf, np.nan, 1, -0.0, 3e38], np.float32)
    for mode in ("isnan", "isinf"):
        yield check(node("ElemwiseMultiType", [value("x", (7,))], mode=mode, output_dtype=BOOL), [x])


@on_host
def test_choices(target: Target) -> Iterator[Case]:
    rng = np.random.default_rng(13)
    mask = rng.integers(0, 2, (4, 9)).astype(bool)
    x, y = (rng.normal(size=(4, 9)).astype(np.float32) for _ in range(2))
    yield check(
        node("Where", [value("m", (4, 9), "bool"), value("x", (4, 9)), value("y", (4, 9))]),
        [mask, x, y],
    )
    wide = rng.normal(size=(4, 9, 5)).astype(np.float32)
    for tail in (wide, x):
        tested = node("MaskedFill", [value("x", tail.shape), value("m", (4, 9), "bool")], value=-1e9)
        yield check(tested, [tail, mask])


def test_unserved_modes_are_named() -> None:
    values = [value("x", (4,), "int32"), value("y", (4,), "int32")]
    tested = node("ElemwiseMultiType", values, mode="shl", output_dtype=DType("qint8", 0.5))
    with pytest.raises(Unsupported, match="shl on real numbers"):
        candidates(tested, host_targets()[0])


def test_tables_have_every_mode_that_operators_have() -> None:
    for mode in (m for m in mode_names() if not m.startswith("add_")):
        assert "f" not in find_mode(mode).kinds or mode in FLOAT
        assert "i" not in find_mode(mode).kinds or mode in INTEGER
