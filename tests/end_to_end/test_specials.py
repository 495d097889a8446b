"""NaN, infinities and zeros of both signs mean in compiled graphs what docs/numbers.md says, on every target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from mgecc.graph import DType, Value
from mgecc.graph.types import BOOL
from mgecc.ops.index_items import flags
from random_graphs import F32, Made
from test_random_graphs import check

SPECIALS = (np.nan, np.inf, -np.inf, -0.0, 0.0)


def _sprinkle(made: Made, share: float) -> None:
    for name, array in made.arrays.items():
        hit = made.rng.random(array.shape) < share
        made.arrays[name] = np.where(hit, made.rng.choice(SPECIALS, array.shape), array).astype(array.dtype)


def _elemwise(made: Made, mode: str, *operands: Value) -> Value:
    value = made.add("Elemwise", operands, mode=mode)
    assert value is not None
    return value


def _number(made: Made, number: float) -> Value:
    return made.const((), F32, np.array([number]))


def _reductions(made: Made, x: Value) -> list[Value | None]:
    modes = ("max", "min", "sum", "mean", "product", "sum_squares")
    return [made.add("Reduce", [x], mode=m, axis=a) for m in modes for a in (1, 3)]


def _poolings(made: Made, x: Value) -> list[Value | None]:
    """The maximum of 5 x 5 becomes two of one axis."""
    found = []
    for mode, counts in (("max", True), ("average", True), ("average", False)):
        for size, step, pad in ((2, 2, 0), (3, 1, 1), (5, 2, 2)):
            attrs = {"window": (size, size), "stride": (step, step), "padding": ((pad, pad), (pad, pad))}
            found.append(made.add("Pooling", [x], mode=mode, count_padding=counts, **attrs))
    return found


def _activations(made: Made, x: Value) -> list[Value | None]:
    """By name, and as files spell them, which passes recognise."""
    named = [
        _elemwise(made, m, x) for m in ("relu", "relu6", "h_swish", "hsigmoid", "sigmoid", "sign", "gelu")
    ]
    three, six = _number(made, 3.0), _number(made, 6.0)
    zero = _number(made, 0.0)
    ramp = _elemwise(made, "min", _elemwise(made, "max", _elemwise(made, "add", x, three), zero), six)
    swish = _elemwise(made, "true_div", _elemwise(made, "mul", x, ramp), six)
    clipped = _elemwise(made, "min", _elemwise(made, "max", _number(made, -1.0), x), _number(made, 0.5))
    return [*named, swish, clipped, _elemwise(made, "max", x, zero)]


def _fused(made: Made, x: Value) -> list[Value | None]:
    """What follows a convolution is part of its kernel; the operand that is added has the specials."""
    found: list[Value | None] = []
    data = made.input(x.shape, F32)
    for mode in ("relu", "relu6", "h_swish", "sigmoid", "tanh"):
        sums = made.add("Convolution", [data, made.const((12, 12, 1, 1))])
        assert sums is not None
        found.append(_elemwise(made, mode, _elemwise(made, "add", sums, x)))
    return found


def _casts(made: Made, x: Value) -> list[Value | None]:
    names = ("int32", "int16", "uint16", "int8", "uint8", "bool", "float16")
    kinds = [*map(DType, names), DType("qint8", 0.1), DType("quint8", 0.1, 120)]
    return [made.add("TypeCvt", [x], dtype=kind) for kind in kinds]


def _orders(made: Made, x: Value, y: Value) -> list[Value | None]:
    rows = made.add("Reshape", [x, made.sizes(108, 10)])
    assert rows is not None
    count = made.const((), made.sizes(1).type.dtype, np.array([-4]))
    mask = made.add("ElemwiseMultiType", [x, y], mode="lt", output_dtype=BOOL)
    assert mask is not None
    return [
        made.add("Argmax", [x], axis=1),
        made.add("Argmin", [x], axis=3),
        made.add("Softmax", [x], axis=3),
        made.add("Softmax", [x], axis=1),
        made.add("TopK", [rows, count]),
        made.add("Where", [mask, x, y]),
        _elemwise(made, "max", x, y),
        _elemwise(made, "min", x, y),
        _elemwise(made, "leq", x, y),
        _elemwise(made, "cond_lt_mov", x, y, x),
        made.add("Cumsum", [x], axis=2, exclusive=False, reverse=False),
    ]


def _combined(made: Made, x: Value, y: Value) -> list[Value | None]:
    """What ONNX's scattering with a reduction, running products and interpolation by tables become."""
    rows = made.const((), made.sizes(1).type.dtype, np.array([4, 0, 4]))
    new = made.add("Subtensor", [y, made.sizes(3)], items=(flags(2, end=True),))
    assert new is not None
    items = (flags(2, index=True),)
    modes = ("mul", "min", "max")
    return [
        *(made.add("IndexingReduceMultiAxisVec", [x, new, rows], items=items, mode=m) for m in modes),
        made.add("Cumprod", [x], axis=2, exclusive=False, reverse=False),
        made.add("Cumprod", [y], axis=1, exclusive=True, reverse=True),
    ]


def _graph() -> Made:
    made = Made(np.random.default_rng(5))
    x, y = (made.input((1, 12, 9, 10), F32) for _ in range(2))
    _sprinkle(made, 0.04)
    results: Sequence[Value | None] = [
        *_reductions(made, x),
        *_poolings(made, x),
        *_activations(made, x),
        *_orders(made, x, y),
        *_fused(made, x),
        *_casts(made, x),
        *_combined(made, x, y),
    ]
    made.graph.outputs = [(f"o{k}", v) for k, v in enumerate(v for v in results if v is not None)]
    assert len(made.graph.outputs) > 60
    return made


@pytest.mark.parametrize("target", ["x86_64:v2", "x86_64:v3", "arm64", "armv7", "baremetal"])
def test_specials_mean_the_same_on_every_target(target: str) -> None:
    check(_graph(), _graph(), target)
