"""Quantised poolings and products of random shapes give the very numbers of their meaning, on every target."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import harness
import numpy as np
import pytest
from batch import Case, check_emulated, check_native
from mgecc.graph import DType, Node
from mgecc.targets import Target
from quantised import Q8, U8, constant, inputs_of, product, targets
from test_qmatmul import matmul
from test_qpool import lookup

COUNT = 24
W8 = DType("qint8", 0.013)
KINDS = (Q8, U8, DType("qint4", 0.4), DType("quint4", 0.3, 9))
RESULTS = (None, DType("qint8", 0.6), DType("quint8", 0.7, 131), DType("qint8", 0.11))


def _number(rng: np.random.Generator, low: int, high: int) -> int:
    return int(rng.integers(low, high + 1))


def _channels(rng: np.random.Generator) -> int:
    return int(rng.choice([1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33]))


def pooling(rng: np.random.Generator, turn: int) -> Node:
    """One pixel, windows beyond the stride and strides beyond the window, padding on every side."""
    sizes, forms = [], []
    for _ in "hw":
        window = 1 if turn < 3 else _number(rng, 1, 5)
        pad = _number(rng, 0, window - 1)
        sizes.append(1 if turn < 3 else max(1, window - 2 * pad) + _number(rng, 0, 9))
        forms.append((window, _number(rng, 1, 6), (pad, pad)))
    windows, strides, padding = zip(*forms)
    attrs = {"window": windows, "stride": strides, "padding": padding}
    attrs |= {"mode": "average" if turn % 3 else "max", "count_padding": turn % 3 != 2}
    x = harness.value("x", (_number(rng, 1, 2), _channels(rng), *sizes), KINDS[turn % len(KINDS)])
    return harness.node("Pooling", [x], **attrs)


def adaptive_pooling(rng: np.random.Generator, turn: int) -> Node:
    size = np.array([_number(rng, 1, 5), _number(rng, 1, 5)], np.int32)
    shape = (_number(rng, 1, 2), _channels(rng), *(int(n) + _number(rng, 0, 6) for n in size))
    values = [harness.value("x", shape, KINDS[turn % 2]), harness.value("size", (2,), "int32", size)]
    return harness.node("AdaptivePooling", values, mode=("max", "average")[turn % 4 // 2])


def _window(rng: np.random.Generator, kernel: list[int]) -> dict[str, Any]:
    forms = []
    for size in kernel:
        pad = _number(rng, 0, size - 1)
        forms.append((_number(rng, 1, 3), _number(rng, 1, 2), (pad, pad)))
    return dict(zip(("stride", "dilation", "padding"), zip(*forms)))


def transposed_convolution(rng: np.random.Generator, turn: int) -> Node:
    kernel = [_number(rng, 1, 5) for _ in "hw"]
    groups = (1, 1, 2, 3)[turn % 4]
    ic, oc = _number(rng, 1, 9), _number(rng, 1, 17)
    attrs = _window(rng, kernel) | {"groups": groups}
    sizes = [1 if turn < 2 else _number(rng, 1, 6) for _ in "hw"]
    extents = [d * (k - 1) + 1 for d, k in zip(attrs["dilation"], kernel)]
    full = [(n - 1) * s + extent for n, s, extent in zip(sizes, attrs["stride"], extents)]
    pads = [min(pad, (n - 1) // 2) for n, (pad, _) in zip(full, attrs["padding"])]
    attrs["padding"] = tuple((pad, pad) for pad in pads)
    x = harness.value("x", (_number(rng, 1, 2), groups * ic, *sizes), KINDS[turn % 2])
    values = [
        constant(rng, "w", (groups * ic, oc, *kernel), W8 if turn % 2 == 0 else DType("quint8", 0.02, 77)),
        x,
    ]
    result = RESULTS[0] if turn % 4 == 0 else DType(x.type.dtype.name, 1.1, x.type.dtype.zero_point)
    return harness.node("ConvolutionBackwardData", values, output_dtype=result, **attrs)


def convolution_of_items(rng: np.random.Generator, turn: int) -> Node:
    kernel = [_number(rng, 1, 4) for _ in "hw"]
    n, ic, oc = _number(rng, 1, 3), _number(rng, 1, 9), _number(rng, 1, 17)
    attrs = _window(rng, kernel) | {"activation": (("identity", "relu")[turn % 2],)}
    forms = zip(attrs["dilation"], kernel, attrs["padding"])
    reach = [d * (k - 1) + 1 - pad for d, k, (pad, _) in forms]
    sizes = [max(1, r) + _number(rng, 0, 6) for r in reach]
    values = [harness.value("x", (n, ic, *sizes), Q8), constant(rng, "w", (n, oc, ic, *kernel), W8)]
    values.append(constant(rng, "b", (1, oc, 1, 1), product(Q8, W8)))
    return harness.node("BatchConvBias", values, output_dtype=RESULTS[1 + turn % 3], **attrs)


def matrix_product(rng: np.random.Generator, turn: int) -> Node:
    sizes = (1, 1, 1) if turn == 0 else tuple(_number(rng, 1, most) for most in (9, 90, 40))
    options = {"ta": bool(turn & 1), "tb": bool(turn & 2), "const": turn % 3 > 0, "bias": turn % 5 > 2}
    return matmul(rng, sizes, a=KINDS[turn % 2], b=W8, out=RESULTS[turn % 4], **options)


def table(rng: np.random.Generator, turn: int) -> Node:
    rank = 4 if turn % 2 else _number(rng, 1, 3)
    shape = tuple(1 if turn < 2 else _number(rng, 1, 18) for _ in range(rank))
    return lookup(rng, shape, (DType("qint8", 0.3), DType("float32"), U8)[turn % 3])


FAMILIES = (
    pooling, adaptive_pooling, transposed_convolution, convolution_of_items, matrix_product, table
)  # fmt: skip


def cases(family: Callable[[np.random.Generator, int], Node]) -> list[Case]:
    rng = np.random.default_rng(2027)
    nodes = [family(rng, turn) for turn in range(COUNT)]
    return [Case(f"{n} {n.attrs}", lambda n=n: harness.fresh(n), inputs_of(rng, n)) for n in nodes]


@pytest.mark.parametrize("target", targets(), ids=lambda t: t.isa + t.cpu)
@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.__name__)
def test_random_shapes_equal_their_meaning(family: Callable[..., Node], target: Target) -> None:
    check_native(cases(family), target)


@pytest.mark.parametrize("target", ["arm64", "arm64+dot", "armv7", "armv7+dot", "baremetal"])
@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.__name__)
def test_random_shapes_equal_their_meaning_on_emulated_targets(
    family: Callable[..., Node], target: str
) -> None:
    check_emulated(cases(family), target)
