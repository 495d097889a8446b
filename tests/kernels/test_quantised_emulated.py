"""Quantised kernels give the very numbers of their meaning on Arm as well, with and without dot products."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import harness
import numpy as np
import pytest
from batch import Case, check_emulated
from emulated import run_emulated
from mgecc.graph import DType, Node
from mgecc.kernels import Call, Const, candidates
from mgecc.targets import load_target
from quantised import Q8, U8, inputs_of, rectify
from test_qconv import conv, transposed_conv
from test_qmatmul import matmul
from test_qpool import lookup, pool

_OUT = DType("qint8", 0.9)
_CONVS = [
    ((1, 3, 8, 1, 9, 9, 3, 2, 1, 1), {"act": "relu"}),
    ((1, 16, 24, 1, 7, 7, 1, 1, 0, 1), {"z": DType("qint8", 0.55)}),
    ((1, 32, 40, 1, 1, 1, 1, 1, 0, 1), {}),
    ((2, 9, 12, 1, 1, 1, 1, 1, 0, 1), {"x": U8, "z": DType("qint8", 0.55), "act": "relu"}),
    ((3, 70, 5, 1, 1, 1, 1, 1, 0, 1), {"act": "relu"}),
    ((1, 9, 17, 1, 3, 5, 3, 2, 2, 3), {"x": U8, "out": DType("quint8", 0.7, 131), "act": "relu"}),
    ((1, 16, 16, 1, 19, 19, 3, 3, 1, 1), {"act": "h_swish", "out": DType("qint8", 0.4)}),
    ((1, 16, 16, 2, 6, 13, 3, 1, 1, 1), {"out": DType("quint8", 0.7, 20)}),
    ((1, 12, 12, 12, 11, 15, 3, 1, 1, 1), {"out": DType("qint8", 0.11)}),
    ((2, 8, 8, 8, 11, 14, 5, 2, 2, 1), {"x": U8, "out": DType("quint8", 0.2, 90)}),
    ((1, 8, 8, 8, 3, 2, 3, 1, 1, 1), {"z": DType("quint8", 0.3, 60), "act": "relu"}),
    ((1, 6, 10, 2, 6, 8, 3, 1, 1, 1), {"out": None}),
]


def _nodes(rng: np.random.Generator) -> Iterator[Node]:
    for shape, options in _CONVS:
        yield conv(rng, shape, **options)
    yield transposed_conv(rng, 1, 4, 2, 1, out=_OUT)
    for shape in ((1, 100, 31), (3, 17, 33), (1, 64, 16)):
        yield matmul(rng, shape, bias=True, out=_OUT)
    yield matmul(rng, (2, 9, 5), a=U8, b=DType("quint8", 0.02, 77), out=DType("quint8", 1.5, 140))
    for mode in ("max", "mean", "inner"):
        yield pool((1, 5, 7, 8, 3, 2, 1), mode, Q8)
        yield pool((1, 8, 9, 9, 2, 2, 0), mode, U8)
    yield lookup(rng, (1, 7, 5, 3), DType("qint8", 0.3))
    yield lookup(rng, (70,), DType("float32"))


_TARGETS = [
    "arm64",
    "arm64+dot",
    "arm64+i8mm",
    "armv7",
    "armv7+dot",
    "baremetal",
    "cortex-m0",
    "cortex-m3",
    "cortex-m55",
]


def _random_shape(rng: np.random.Generator, kind: str) -> tuple[int, ...]:
    """n, ic, oc, groups, h, w, k, stride, pad, dilate."""
    c, n = int(rng.integers(1, 5) if kind == "first" else rng.integers(2, 33)), int(rng.integers(1, 3))
    k = 1 if kind == "pointwise" else int(rng.choice([2, 3, 3, 3, 5, 7]))
    stride, pad = (
        (1, 0) if kind == "pointwise" else (int(rng.integers(1, 3)), int(rng.integers(0, k // 2 + 1)))
    )
    h, w = (int(rng.integers(max(1, k - 2 * pad), 36)) for _ in range(2))
    oc = c if kind == "depthwise" else int(rng.integers(1, 41))
    return (n, c, oc, c if kind == "depthwise" else 1, h, w, k, stride, pad, 1)


def _random_conv(rng: np.random.Generator, kind: str) -> Node:
    """A convolution whose results fill their range but seldom leave it."""
    shape = _random_shape(rng, kind)
    x, w = (Q8, U8)[rng.integers(4) // 3], DType("qint8", 0.013)
    spread = 73 * 73 * np.sqrt(shape[1] // shape[3] * shape[6] ** 2) / rng.uniform(20, 60)
    scale = float(np.float32(x.scale * w.scale * spread))
    out = (
        DType("quint8", scale, int(rng.integers(100, 150))) if rng.integers(4) == 3 else DType("qint8", scale)
    )
    node = conv(rng, shape, x=x, w=w, out=out, act=str(rng.choice(["identity", "relu"])))
    if x is Q8 and rng.integers(2):
        rectify(node.inputs[0])
    return node


@pytest.mark.parametrize("target", _TARGETS)
@pytest.mark.parametrize("kind", ["pointwise", "depthwise", "dense", "first"])
def test_convolutions_of_random_shapes_equal_their_meaning_on_arm(kind: str, target: str) -> None:
    rng = np.random.default_rng(2026)
    nodes = [_random_conv(rng, kind) for _ in range(24)]
    check_emulated(
        [
            Case(f"{n.inputs[0].shape} {n.attrs}", lambda n=n: harness.fresh(n), inputs_of(rng, n))
            for n in nodes
        ],
        target,
    )


def _steps(rng: np.random.Generator) -> Iterator[tuple[Node, list[np.ndarray]]]:
    """Element-wise nodes that end in bytes, with their inputs."""
    for size in (1, 5, 16, 31, 32, 47):
        shape = (1, size, 3, 5) if size % 2 else (size, 3)
        for out in (DType("qint8", 0.037), DType("quint8", 0.041, 113)):
            for a, b, mode in ((Q8, Q8, "add"), (Q8, U8, "add_relu"), (U8, Q8, "add")):
                values = [harness.value("a", shape, a), harness.value("b", shape, b)]
                node = harness.node("ElemwiseMultiType", values, mode=mode, output_dtype=out)
                yield node, inputs_of(rng, node)
            node = harness.node("TypeCvt", [harness.value("x", shape, DType("float32"))], dtype=out)
            numbers = rng.normal(0, 3, shape).astype(np.float32)
            numbers.flat[:3] = [np.nan, np.inf, -np.inf][: min(3, numbers.size)]
            yield node, [numbers]


@pytest.mark.parametrize("target", _TARGETS)
def test_element_wise_steps_to_bytes_equal_their_meaning_on_arm(target: str) -> None:
    steps = _steps(np.random.default_rng(8))
    check_emulated([Case(n.op, lambda n=n: harness.fresh(n), inputs) for n, inputs in steps], target)


@pytest.mark.parametrize("target", _TARGETS)
def test_quantised_kernels_equal_their_meaning_on_arm(target: str) -> None:
    rng = np.random.default_rng(11)
    check_emulated(
        [Case(str(n.output.type), lambda n=n: harness.fresh(n), inputs_of(rng, n)) for n in _nodes(rng)],
        target,
    )


_WEIGHTS = {
    "small": lambda rng, shape: rng.integers(-9, 10, shape),
    "any": lambda rng, shape: rng.integers(-127, 128, shape),
    "least": lambda rng, shape: np.full(shape, -127),
    "most": lambda rng, shape: np.full(shape, 127),
    "of both signs": lambda rng, shape: np.where(np.indices(shape).sum(axis=0) % 2, 127, -127),
    "few": lambda rng, shape: np.where(rng.integers(0, 12, shape), 0, 127),
}
_EXTREME = [
    ((1, 20, 6, 1, 5, 7, 1, 1, 0, 1), "_k1s1_c4_p4x2"),
    ((1, 5, 8, 1, 6, 5, 3, 1, 1, 1), "_window_c4_p4x2"),
    ((2, 3, 9, 1, 11, 9, 3, 2, 1, 1), "_first3_c4_p4x2"),
    ((2, 39, 10, 1, 1, 1, 1, 1, 0, 1), "_k1s1_c4_p1x8"),
    ((1, 8, 8, 8, 7, 9, 3, 1, 1, 1), "_k3x3s1_c4"),
    ((2, 6, 6, 6, 8, 5, 3, 2, 1, 1), "_k3x3s2_c4"),
]


def _extremes(rng: np.random.Generator, shape: tuple[int, ...]) -> Iterator[tuple[Node, list[np.ndarray]]]:
    """Convolutions whose sums are as large as sums can be, of inputs with sign and rectified ones."""
    for weights in _WEIGHTS.values():
        for act in ("relu", "identity"):
            node = conv(rng, shape, act=act, out=DType("qint8", 0.9 if act == "relu" else 0.05))
            const = node.inputs[1].const
            assert const is not None
            const[...] = weights(rng, const.shape)
            for fill in (-128, 127, None):
                tested = harness.fresh(node)
                if fill == 127:
                    rectify(tested.inputs[0])
                inputs = inputs_of(rng, tested)
                yield tested, [inputs[0] if fill is None else np.full_like(inputs[0], fill), *inputs[1:]]


@pytest.mark.parametrize("target", ["baremetal", "cortex-m0", "cortex-m3"])
@pytest.mark.parametrize(("shape", "form"), _EXTREME)
def test_convolutions_of_extreme_numbers_equal_their_meaning_without_vectors(
    shape: tuple[int, ...], form: str, target: str
) -> None:
    nodes = list(_extremes(np.random.default_rng(5), shape))
    kinds = [
        call.kernel.symbol
        for found in candidates(nodes[0][0], load_target(target))
        for call in found.build(nodes[0][0])
    ]
    assert any(form in kind and ("swar" in kind or "pairs" in kind) for kind in kinds)
    check_emulated([Case(str(shape), lambda n=n: harness.fresh(n), inputs) for n, inputs in nodes], target)


# Numbers that lie with the weights and say which of them there are.
_FORGED = {
    "e": (
        np.zeros_like,
        lambda e: e | 4,
        lambda e: e + 1,
        lambda e: np.full_like(e, 127),
        lambda e: np.roll(e, 1),
    ),
    "skip": (lambda skip: skip - 1, lambda skip: skip + 2**20),
}


def _forge(call: Call, name: str, change: Callable[[np.ndarray], np.ndarray]) -> Call:
    given = zip(call.kernel.operands, call.operands, strict=True)
    changed = [Const(lambda o=o: change(o.pack())) if label == name else o for (label, _), o in given]
    return replace(call, operands=tuple(changed))


@pytest.mark.parametrize("target", ["arm64", "armv7"])
@pytest.mark.parametrize("shape", [(1, 64, 8, 1, 5, 9, 1, 1, 0, 1), (1, 8, 8, 8, 6, 9, 3, 1, 1, 1)], ids=str)
def test_nothing_is_computed_by_weights_whose_numbers_are_forged(shape: tuple[int, ...], target: str) -> None:
    rng, ways = np.random.default_rng(7), []
    tested = conv(rng, shape, out=DType("qint8", 0.11))
    case = Case(str(shape), lambda: harness.fresh(tested), inputs_of(rng, tested))
    for name, changes in _FORGED.items():
        for change in changes:
            for node, found in case.ways(load_target(target)):
                calls = found.build(node)
                if name in dict(calls[0].kernel.operands):
                    forged = [_forge(call, name, change) for call in calls]
                    ways.append((node, replace(found, build=lambda _, made=forged: made), case.inputs))
    assert ways
    for (got,) in run_emulated(ways, target):
        assert set(got.tobytes()) == {0xA5}
