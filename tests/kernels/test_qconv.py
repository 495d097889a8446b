"""Quantised convolutions give the very numbers of their meaning, on every instruction set."""

from __future__ import annotations

from typing import Any

import harness
import numpy as np
import pytest
from mgecc.graph import DType, Node
from mgecc.targets import Target
from quantised import Q8, U8, check_all, constant, product, targets

# n, ic, oc, groups, h, w, k, stride, pad, dilate
_SHAPES = [
    (1, 3, 8, 1, 9, 9, 3, 1, 1, 1),
    (1, 3, 32, 1, 16, 17, 3, 2, 1, 1),
    (1, 16, 24, 1, 7, 7, 1, 1, 0, 1),
    (2, 16, 20, 1, 7, 13, 1, 1, 0, 1),
    (1, 7, 5, 1, 5, 3, 3, 1, 1, 1),
    (1, 32, 64, 1, 1, 1, 1, 1, 0, 1),
    (3, 70, 12, 1, 1, 1, 1, 1, 0, 1),
    (1, 20, 12, 1, 1, 3, 1, 1, 0, 1),
    (1, 16, 16, 1, 14, 14, 3, 1, 1, 1),
    (1, 16, 16, 1, 15, 12, 3, 2, 0, 1),
    (1, 8, 16, 1, 12, 12, 5, 1, 2, 1),
    (1, 4, 16, 1, 13, 19, 3, 1, 2, 2),
    (1, 16, 16, 1, 19, 19, 3, 3, 1, 1),
    (1, 16, 16, 1, 9, 9, 1, 2, 0, 1),
    (1, 32, 32, 2, 6, 8, 3, 1, 1, 1),
    (1, 6, 10, 2, 6, 8, 3, 1, 1, 1),
    (1, 64, 64, 4, 5, 5, 3, 2, 1, 1),
    (3, 5, 17, 1, 4, 4, 4, 1, 3, 1),
    (1, 40, 72, 1, 4, 11, 3, 1, 1, 1),
    (1, 12, 48, 1, 2, 24, 1, 1, 0, 1),
    (1, 9, 33, 1, 3, 5, 3, 2, 2, 3),
    (1, 64, 10, 1, 6, 6, 6, 1, 0, 1),
    (2, 130, 33, 1, 10, 21, 3, 2, 1, 1),
    (1, 72, 20, 1, 13, 37, 3, 1, 1, 1),
    (2, 200, 40, 1, 9, 11, 1, 1, 0, 1),
    (1, 1, 20, 1, 9, 40, 7, 2, 3, 1),
]
_DEPTHWISE = [
    (1, 16, 9, 9, 3, 1, 1, 1),
    (1, 16, 14, 15, 3, 2, 1, 1),
    (2, 20, 7, 7, 3, 1, 1, 1),
    (1, 5, 12, 33, 3, 1, 0, 1),
    (1, 32, 9, 12, 5, 1, 2, 1),
    (1, 32, 11, 14, 5, 2, 2, 1),
    (1, 8, 13, 13, 3, 1, 2, 2),
    (1, 8, 3, 2, 3, 1, 1, 1),
    (1, 12, 7, 7, 7, 1, 0, 1),
    (1, 24, 17, 30, 3, 3, 1, 1),
    (1, 12, 3, 30, 9, 1, 20, 5),
    (2, 5, 2, 3, 9, 1, 24, 6),
]


def conv(rng: np.random.Generator, shape: tuple, **options: Any) -> Node:
    n, ic, oc, groups, h, w, k, stride, pad, dilate = shape
    x_type, out = options.get("x", Q8), options.get("out", DType("qint8", 0.9))
    w_type = options.get("w", DType("qint8", 0.013))
    kernel, pads = ((k, 1), (pad, 0)) if options.get("signal") else ((k, k), (pad, pad))
    weights = constant(rng, "w", (oc, ic // groups, *kernel), w_type)
    values = [harness.value("x", (n, ic, h, w), x_type), weights]
    if options.get("bias", True):
        values.append(constant(rng, "b", (1, oc, 1, 1), product(x_type, w_type)))
    attrs = {
        "stride": (stride, stride), "padding": tuple((p, p) for p in pads), "dilation": (dilate, dilate),
        "groups": groups, "activation": (options.get("act", "identity"),), "output_dtype": out,
    }  # fmt: skip
    made = harness.node("ConvBias", values, **attrs)
    if "z" in options:
        made.inputs.append(harness.value("z", made.output.shape, options["z"]))
    return made


def _by_isa(found: Target) -> str:
    return f"{found.isa}{found.cpu}"


@pytest.mark.parametrize("target", targets(), ids=_by_isa)
@pytest.mark.parametrize("shape", _SHAPES, ids=str)
def test_dense_and_grouped_convolutions_equal_their_meaning(shape: tuple, target: Target) -> None:
    rng = np.random.default_rng(sum(shape))
    check_all(rng, conv(rng, shape, act="relu" if shape[1] % 3 else "identity"), target)


@pytest.mark.parametrize("target", targets(), ids=_by_isa)
@pytest.mark.parametrize("shape", _DEPTHWISE, ids=str)
def test_depthwise_convolutions_equal_their_meaning(shape: tuple, target: Target) -> None:
    n, c, h, w, k, stride, pad, dilate = shape
    rng = np.random.default_rng(sum(shape))
    made = conv(rng, (n, c, c, c, h, w, k, stride, pad, dilate), out=DType("qint8", 0.11))
    check_all(rng, made, target, at_least=2)


@pytest.mark.parametrize("target", targets(), ids=_by_isa)
@pytest.mark.parametrize("groups", [1, 16], ids=["dense", "depthwise"])
@pytest.mark.parametrize(("k", "stride", "dilate"), [(3, 1, 1), (11, 1, 1), (5, 2, 3), (29, 1, 2), (1, 1, 1)])
def test_convolutions_of_signals_equal_their_meaning(
    k: int, stride: int, dilate: int, groups: int, target: Target
) -> None:
    rng, extent = np.random.default_rng(k), (k - 1) * dilate
    made = conv(rng, (1, 16, 16, groups, extent + 23, 1, k, stride, extent // 2, dilate), signal=True)
    check_all(rng, made, target)


_FORMS: dict[str, dict[str, Any]] = {
    "hswish": {"act": "h_swish", "out": DType("qint8", 0.4)},
    "residual": {"act": "relu", "z": DType("qint8", 0.55)},
    "residual_u8": {"z": DType("quint8", 0.55, 99)},
    "u8_in": {"x": U8},
    "u8_out": {"out": DType("quint8", 0.7, 131), "act": "relu"},
    "u8_all": {"x": U8, "w": DType("quint8", 0.013, 128), "out": DType("quint8", 0.7, 100)},
    "u8_odd_weights": {"x": U8, "w": DType("quint8", 0.013, 111), "out": DType("quint8", 0.7, 100)},
    "sums": {"out": None},
    "scaled_sums": {"out": DType("qint32", 0.002), "act": "relu"},
    "no_bias": {"bias": False},
}


@pytest.mark.parametrize("target", targets(), ids=_by_isa)
@pytest.mark.parametrize("form", _FORMS)
@pytest.mark.parametrize(
    "shape",
    [(1, 16, 32, 1, 9, 10, 3, 1, 1, 1), (1, 16, 16, 16, 9, 10, 3, 1, 1, 1)],
    ids=["dense", "depthwise"],
)
def test_every_form_of_convolution_equals_its_meaning(form: str, shape: tuple, target: Target) -> None:
    rng = np.random.default_rng(7)
    options = dict(_FORMS[form])
    if options.get("act") == "h_swish" and shape[3] > 1:
        options["out"] = DType("qint8", 0.05)
    check_all(rng, conv(rng, shape, **options), target)


@pytest.mark.parametrize(
    "shape", [(1, 16, 24, 1, 12, 12, 3, 1, 1, 1), (1, 24, 16, 1, 12, 12, 1, 1, 0, 1)], ids=["k3", "k1"]
)
def test_new_scales_and_weights_leave_kernels_and_arguments_alone(shape: tuple) -> None:
    target = targets()[0]
    first, second = (conv(np.random.default_rng(s), shape, x=DType("qint8", 0.01 * s)) for s in (1, 2))
    calls = [harness.all_candidates(made, target)[0].build(made) for made in (first, second)]
    assert [(c.kernel, c.args) for c in calls[0]] == [(c.kernel, c.args) for c in calls[1]]


def transposed_conv(
    rng: np.random.Generator, groups: int, k: int, stride: int, pad: int, **options: Any
) -> Node:
    x, w = options.get("x", Q8), options.get("w", DType("qint8", 0.013))
    values = [constant(rng, "w", (8, 6 // groups, k, k), w), harness.value("x", (2, 8, 5, 6), x)]
    attrs = {
        "stride": (stride, stride), "padding": ((pad, pad), (pad, pad)), "groups": groups,
        "output_dtype": options.get("out"),
    }  # fmt: skip
    return harness.node("ConvolutionBackwardData", values, **attrs)


@pytest.mark.parametrize("target", targets(), ids=_by_isa)
@pytest.mark.parametrize(
    "groups, k, stride, pad", [(1, 3, 1, 1), (1, 4, 2, 1), (2, 3, 2, 0), (1, 2, 2, 0), (1, 5, 3, 2)]
)
@pytest.mark.parametrize("out", [None, DType("qint8", 0.6)], ids=["sums", "q8"])
def test_transposed_convolutions_equal_their_meaning(
    groups: int, k: int, stride: int, pad: int, out: DType | None, target: Target
) -> None:
    rng = np.random.default_rng(k)
    check_all(rng, transposed_conv(rng, groups, k, stride, pad, out=out), target)


@pytest.mark.parametrize("target", targets(), ids=_by_isa)
def test_convolutions_with_weights_for_every_item_equal_their_meaning(target: Target) -> None:
    rng = np.random.default_rng(4)
    w = DType("qint8", 0.013)
    values = [harness.value("x", (3, 5, 7, 6), Q8), constant(rng, "w", (3, 4, 5, 3, 3), w)]
    values.append(constant(rng, "b", (1, 4, 1, 1), product(Q8, w)))
    ending = {"activation": ("relu",), "output_dtype": DType("qint8", 0.9)}
    made = harness.node("BatchConvBias", values, padding=((1, 1), (1, 1)), **ending)
    check_all(rng, made, target)
