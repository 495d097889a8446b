"""Kernels in half lanes compute what their operators mean, as exactly as halves can.

Every addition rounds to the nearest half, an error of at most 2^-11 of the partial sum, up or down. Of n additions
that makes about sqrt(n) 2^-11 of the sum of magnitudes; so much is allowed, and the results' own rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import harness
import numpy as np
import pytest
import test_conv
import test_elemwise_half
import test_matmul
import test_pool
from batch import Case, check_emulated
from mgecc import ops
from mgecc.graph import DType, Node, TensorType, Value
from mgecc.graph.attributes import named
from mgecc.kernels import candidates
from mgecc.ops.elemwise_modes import find_mode
from mgecc.ops.pooling import AdaptivePoolingAttrs, PoolingAttrs
from mgecc.targets import load_target

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
TARGET = "arm64+fp16"
HALF = DType("float16")
UNIT = 2.0**-11
# The steepest slope of an activation that is steeper than 1.
SLOPES = {"h_swish": 1.5, "silu": 1.1, "gelu": 1.13}


def _half(v: Value) -> Value:
    if v.type.dtype.name != "float32":
        return v
    const = None if v.const is None else v.const.astype(np.float16)
    return Value(v.name, TensorType(v.shape, HALF), const=const)


def narrowed(case: Case, terms: int) -> Case:
    """The case in float16; ``terms``: products that one result adds up."""
    arrays = [a.astype(np.float16) if a.dtype == np.float32 else a for a in case.inputs]

    def make() -> Node:
        given = case.make()
        made = Node(given.op, "test", given.attrs, [_half(v) for v in given.inputs], origin="test")
        made.outputs = [Value(f"y{k}", t, made) for k, t in enumerate(ops.infer(made))]
        return made

    return replace(case, make=make, inputs=arrays, room=partial(_room, case.make, terms))


def _room(make: Callable[[], Node], terms: int, half: Case) -> np.ndarray:
    """By the sum of magnitudes, infinities and NaN not counted."""
    magnitudes = make()
    activation = named(magnitudes.attrs).get("activation", ("identity",))[0]
    if not isinstance(magnitudes.attrs, PoolingAttrs | AdaptivePoolingAttrs):
        magnitudes.attrs = replace(magnitudes.attrs, activation=("identity",))
    sums = ops.evaluate(magnitudes, [_sizes(a) if a.dtype == HALF.numpy else a for a in half.inputs])[0]
    slope = SLOPES.get(activation, 1.0)
    return UNIT * ((np.sqrt(terms) + 3) * slope * sums + np.abs(np.nan_to_num(half.want))) + 2.0**-24


def _sizes(halves: np.ndarray) -> np.ndarray:
    return np.nan_to_num(np.abs(halves.astype(np.float32)), posinf=0)


def convolution(case: Case) -> Case:
    weights = case.inputs[1]
    return narrowed(case, int(np.prod(weights.shape[1:] if weights.ndim == 4 else weights.shape[2:])))


@pytest.mark.parametrize("kind", test_conv.KINDS, ids=lambda k: k.__name__)
def test_convolutions(kind: Callable[[np.random.Generator], list[Case]]) -> None:
    check_emulated([convolution(c) for c in kind(np.random.default_rng(21))], TARGET)


def test_every_activation_is_fused() -> None:
    rng = np.random.default_rng(22)
    cases = [test_conv.case(rng, 8, 24, 5, 5, act=act, z=True) for act in test_conv.OTHERS]
    check_emulated(list(map(convolution, cases)), TARGET)


def test_tiles_of_few_pixels() -> None:
    """Few pixels make wide tiles, whose inputs and weights share the registers in other ways."""
    rng = np.random.default_rng(23)
    shapes = [(1, w, oc) for w in (1, 2, 3, 4, 5, 6, 9) for oc in (20, 44)]
    cases = [test_conv.case(rng, 16, oc, h, w, act=("relu",)) for h, w, oc in shapes]
    cases += [test_conv.case(rng, 8, oc, h, w, k=(3, 3), pad=(1, 1, 1, 1), z=True) for h, w, oc in shapes]
    check_emulated(list(map(convolution, cases)), TARGET)


def test_long_sums() -> None:
    """They are added up in parts: one and several input blocks a round, whole and last parts, windows."""
    rng = np.random.default_rng(24)
    sizes = [(ic, oc, w) for ic in (200, 264, 512, 777) for oc, w in ((16, 9), (24, 7), (8, 1))]
    cases = [test_conv.case(rng, ic, oc, 1, w, act=("relu",), z=ic == 264) for ic, oc, w in sizes]
    window: dict[str, object] = {"k": (3, 3), "pad": (1, 1, 1, 1)}
    cases += [test_conv.case(rng, ic, 16, 4, 5, **window) for ic in (24, 40, 136)]
    cases += [test_conv.case(rng, ic, 16, 9, 9, s=(2, 2), **window) for ic in (24, 40, 136)]
    check_emulated(list(map(convolution, cases)), TARGET)


def products(rng: np.random.Generator, form: tuple[bool, bool, bool], count: int) -> list[Case]:
    cases = test_matmul.random_cases(rng, form, count)
    cases += [test_matmul.case(rng, s, form) for s in ((1, 100, 300), (11, 20, 259), (3, 5, 1024))]
    return [narrowed(c, c.inputs[0].shape[-2 if form[0] else -1]) for c in cases]


def test_matrix_products() -> None:
    rng = np.random.default_rng(25)
    check_emulated([c for form in test_matmul.FORMS for c in products(rng, form, 4)], TARGET)


def test_rounding_errors_of_long_sums_are_those_of_short_ones() -> None:
    """Against halves added one after the other."""
    rng = np.random.default_rng(26)
    a, b = (rng.uniform(-1, 1, s).astype(np.float16).astype(np.float32) for s in ((8, 2048), (2048, 64)))
    attrs: dict[str, object] = {}
    case = narrowed(Case("long", partial(test_matmul.make, a, b, None, True, attrs), [a, b]), 2048)
    total = np.zeros((8, 64), np.float16)
    for k in range(2048):
        total = (total + a[:, k : k + 1] * b[k]).astype(np.float16)
    one_by_one = np.abs(total - a @ b)
    check_emulated([replace(case, room=lambda _: 0.5 * one_by_one.max())], TARGET)


@pytest.mark.parametrize("mode", test_pool.MODES)
def test_pooling(mode: str) -> None:
    made = test_pool.random_cases(np.random.default_rng(27), mode, 20)
    cells = 64  # of the largest window; the whole image of the last cases
    check_emulated([narrowed(c, cells) for c in made], TARGET)


def test_means_of_many_cells_are_left_to_float32() -> None:
    rng, target = np.random.default_rng(28), load_target(TARGET)
    for size, mode, served in ((16, "average", True), (17, "average", False), (17, "max", True)):
        form = ((size, size), (1, 1), (0, 0))
        node = narrowed(test_pool.case(rng, (1, 8, size, size), mode, *form), 1).make()
        assert bool(candidates(node, target)) is served


MODES = (
    "add", "sub", "mul", "true_div", "max", "relu", "abs", "floor", "round", "h_swish", "hsigmoid", "mul_add",
    "sigmoid", "tanh", "silu", "gelu", "exp", "prelu", "leq", "clip", "sqrt", "relu6",
)  # fmt: skip


def element_wise(seed: int) -> Case:
    """Some steps of rounding, each of at most half a unit in the last place; sums have the operands' units."""
    rng = np.random.default_rng(seed)
    mode = MODES[seed % len(MODES)]
    shapes = test_elemwise_half.random_shapes(rng, find_mode(mode).arity)
    arrays = [rng.normal(size=s).astype(np.float16) for s in shapes]
    values = [harness.value(f"x{i}", s, "float16") for i, s in enumerate(shapes)]
    if mode == "sqrt":
        arrays[0] = np.abs(arrays[0])
    if seed % 3 == 0 and len(shapes) > 1:
        values[-1].const = arrays[-1]

    def make() -> Node:
        return harness.node("Elemwise", [Value(v.name, v.type, const=v.const) for v in values], mode=mode)

    return Case(
        f"{mode} {shapes}", make, arrays, lambda case: UNIT * 4 * np.maximum(np.abs(case.want), 2.0**-14)
    )


def test_element_wise() -> None:
    cases = list(map(element_wise, range(44)))
    target = load_target(TARGET)
    for case in cases:
        for node, candidate in case.ways(target):
            assert all(call.kernel.half for call in candidate.build(node)), case.text
    check_emulated(cases, TARGET)


def test_numbers_beyond_the_halves_are_left_to_float32() -> None:
    value = harness.value("x", (1, 8, 2, 2), "float16")
    for number, half in ((6.0, True), (1e5, False)):
        node = harness.node("FusedElemwise", [value], expr=("min", 0, number), output_dtype=None)
        found = candidates(node, load_target(TARGET))
        assert {call.kernel.half for c in found for call in c.build(node)} == {half}


def test_no_kernel_computes_halves_where_sums_are_to_be_float32_or_the_target_cannot() -> None:
    node = convolution(test_conv.case(np.random.default_rng(1), 8, 8, 4, 4)).make()
    assert candidates(node, load_target(TARGET))
    assert not candidates(node, load_target("arm64"))
    node.attrs = replace(node.attrs, wide_sums=True)
    assert not candidates(node, load_target(TARGET))
