"""Convolutions equal sums written out by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from handmade_nodes import output_types, run, value
from hypothesis import given, settings
from hypothesis import strategies as st
from mgecc.graph import DType, Unsupported
from mgecc.ops.quantize import quantize


def naive(x, w, attrs):
    """x (n, g i, h, w), w (g o, i, kh, kw), all by loops over the result."""
    stride, dilation = attrs["stride"], attrs["dilation"]
    padded = np.pad(x.astype(np.float64), [(0, 0), (0, 0), *attrs["padding"]])
    outs, ins, kh, kw = w.shape
    each = outs // attrs["groups"]
    oh = (padded.shape[2] - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    ow = (padded.shape[3] - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    y = np.zeros((x.shape[0], outs, oh, ow))
    for n, o, r, c in product(range(x.shape[0]), range(outs), range(oh), range(ow)):
        rows = r * stride[0] + np.arange(kh) * dilation[0]
        cols = c * stride[1] + np.arange(kw) * dilation[1]
        first = o // each * ins
        area = padded[n, first : first + ins][:, rows][:, :, cols]
        y[n, o, r, c] = (area * w[o]).sum()
    return y


SMALL = st.integers(1, 3)
SIDE = st.tuples(st.integers(0, 2), st.integers(0, 2))
CASES = st.fixed_dictionaries(
    {
        "groups": SMALL, "ins": SMALL, "outs": SMALL, "kernel": st.tuples(SMALL, SMALL),
        "stride": st.tuples(st.integers(1, 4), SMALL), "dilation": st.tuples(SMALL, SMALL),
        "padding": st.tuples(SIDE, SIDE), "size": st.tuples(st.integers(7, 9), st.integers(7, 9)),
        "seed": st.integers(0, 99),
    }
)  # fmt: skip


def operands(case, rng):
    x = rng.integers(-9, 10, (2, case["groups"] * case["ins"], *case["size"]))
    w = rng.integers(-9, 10, (case["groups"] * case["outs"], case["ins"], *case["kernel"]))
    return x, w


def attributes(case):
    return {word: case[word] for word in ("stride", "dilation", "padding", "groups")}


@settings(max_examples=40, deadline=None)
@given(CASES)
def test_grouped_convolution_equals_loops_for_any_stride_dilation_and_padding(case):
    x, w = operands(case, np.random.default_rng(case["seed"]))
    got = run("Convolution", attributes(case), x.astype(np.float32), w.astype(np.float32))[0]
    np.testing.assert_array_equal(got, naive(x, w, case))


@settings(max_examples=20, deadline=None)
@given(CASES)
def test_transposed_convolution_is_the_transpose_of_convolution(case):
    rng = np.random.default_rng(case["seed"])
    x, w = operands(case, rng)
    y = naive(x, w, case)
    back = rng.integers(-9, 10, y.shape).astype(np.float32)
    weights, carrier = value(w.astype(np.float32)), value(x.astype(np.float32))
    got = run("ConvolutionBackwardData", attributes(case), weights, value(back), carrier)[0]
    assert (got.astype(np.float64) * x).sum() == pytest.approx((back.astype(np.float64) * y).sum())


def test_transposed_convolution_size_follows_from_stride_kernel_and_padding():
    attrs = {"stride": (2, 3), "padding": ((1, 1), (0, 0)), "dilation": (1, 2)}
    got = run(
        "ConvolutionBackwardData", attrs, np.ones((2, 5, 3, 3), np.float32), np.ones((1, 2, 4, 4), "f4")
    )
    assert got[0].shape == (1, 5, 7, 14)


def test_conv_bias_adds_bias_and_residual_before_the_activation():
    rng = np.random.default_rng(1)
    x, w, b, z = (
        rng.normal(size=s).astype("f4") for s in [(1, 3, 4, 4), (2, 3, 1, 1), (1, 2, 1, 1), (1, 2, 4, 4)]
    )
    attrs = {"activation": ("clip", -0.5, 0.5)}
    plain = run("Convolution", {}, x, w)[0]
    np.testing.assert_allclose(
        run("ConvBias", attrs, x, w, b, z)[0], np.clip(plain + b + z, -0.5, 0.5), rtol=1e-5
    )
    empty = np.zeros((0,), np.float32)
    np.testing.assert_allclose(
        run("ConvBias", attrs, x, w, empty, z)[0], np.clip(plain + z, -0.5, 0.5), rtol=1e-5
    )


def test_quantised_conv_bias_is_exact_and_rounds_halves_away_from_zero():
    rng = np.random.default_rng(2)
    x, w = (rng.integers(-128, 128, s).astype(np.int8) for s in [(1, 4, 5, 5), (3, 4, 3, 3)])
    b = rng.integers(-5000, 5000, (1, 3, 1, 1)).astype(np.int32)
    out = DType("qint8", 64.0)
    inputs = value(x, DType("qint8", 0.5)), value(w, DType("qint8", 0.25)), value(b, DType("qint32", 0.125))
    got = run("ConvBias", {"activation": ("relu",), "output_dtype": out}, *inputs)[0]
    plain = {"stride": (1, 1), "dilation": (1, 1), "padding": ((0, 0), (0, 0)), "groups": 1}
    total = naive(x, w, plain) + b
    np.testing.assert_array_equal(got, quantize(np.maximum(total, 0) * 0.125, out))


def test_padding_of_asymmetric_values_is_real_zero():
    x = np.full((1, 1, 3, 3), 7, np.uint8)
    dtype, weights = (
        DType("quint8", 1.0, 7),
        value(np.full((1, 1, 3, 3), 9, np.uint8), DType("quint8", 1.0, 3)),
    )
    got = run("Convolution", {"padding": ((2, 2), (2, 2))}, value(x, dtype), weights)[0]
    assert got.dtype == np.int32 and not got.any()


def test_result_types_follow_from_the_operands():
    def kind(a, b):
        x, w = np.zeros((1, 1, 2, 2), a.numpy), np.zeros((1, 1, 1, 1), b.numpy)
        return output_types("Convolution", {}, value(x, a), value(w, b))[0].dtype

    assert kind(DType("qint8", 0.5), DType("qint8", 0.25)) == DType("qint32", 0.125)
    assert kind(DType("int8"), DType("int8")) == DType("int32")
    assert kind(DType("float16"), DType("float16")) == DType("float16")
    with pytest.raises(Unsupported):
        kind(DType("float32"), DType("qint8", 1.0))


def test_half_precision_is_rounded_once_at_the_end():
    rng = np.random.default_rng(3)
    x, w = rng.normal(size=(1, 64, 4, 4)).astype("f2"), rng.normal(size=(2, 64, 3, 3)).astype("f2")
    wide = run("Convolution", {}, x.astype("f4"), w.astype("f4"))[0]
    np.testing.assert_array_equal(run("Convolution", {}, x, w)[0], wide.astype("f2"))


def test_convolution3d_of_one_slice_is_convolution2d():
    rng = np.random.default_rng(4)
    x, w = rng.normal(size=(2, 4, 6, 7)).astype("f4"), rng.normal(size=(6, 2, 3, 3)).astype("f4")
    attrs = {"groups": 2, "stride": (2, 1), "padding": ((0, 0), (1, 1))}
    volume = {"groups": 2, "stride": (1, 2, 1), "padding": ((1, 1), (0, 0), (1, 1))}
    got = run("Convolution3D", volume, x[:, :, None], w[:, :, None])[0]
    assert got.shape[2] == 3 and not got[:, :, 0].any()
    np.testing.assert_allclose(got[:, :, 1], run("Convolution", attrs, x, w)[0], rtol=1e-5)


def test_deformable_convolution_without_offsets_is_convolution():
    rng = np.random.default_rng(5)
    x, w = rng.normal(size=(2, 4, 6, 7)).astype("f4"), rng.normal(size=(3, 4, 3, 2)).astype("f4")
    attrs = {"padding": ((1, 1), (0, 0)), "stride": (1, 2), "dilation": (2, 1)}
    plain = run("Convolution", attrs, x, w)[0]
    area = plain.shape[2:]
    offset, mask = np.zeros((2, 24, *area), "f4"), np.ones((2, 12, *area), "f4")
    np.testing.assert_allclose(
        run("DeformableConv", attrs, x, w, offset, mask)[0], plain, rtol=1e-4, atol=1e-5
    )


def test_deformable_convolution_shifts_by_rows_then_columns():
    x = np.arange(30, dtype="f4").reshape(1, 1, 5, 6)
    offset = np.zeros((1, 2, 5, 6), "f4")
    offset[:, 0], offset[:, 1] = 1.0, 0.5
    got = run("DeformableConv", {}, x, np.ones((1, 1, 1, 1), "f4"), offset, np.full((1, 1, 5, 6), 2, "f4"))[0]
    assert got[0, 0, 1, 2] == 2 * 14.5 and got[0, 0, 3, 5] == 29 and not got[0, 0, 4].any()


def test_local_convolution_with_equal_weights_everywhere_is_convolution():
    rng = np.random.default_rng(6)
    x, w = rng.normal(size=(2, 4, 6, 6)).astype("f4"), rng.normal(size=(6, 2, 3, 3)).astype("f4")
    attrs = {"padding": ((1, 1), (1, 1))}
    plain = run("Convolution", {**attrs, "groups": 2}, x, w)[0]
    local = w.reshape(2, 3, 2, 3, 3).transpose(0, 2, 3, 4, 1)[:, None, None]
    everywhere = np.ascontiguousarray(np.broadcast_to(local, (2, 6, 6, *local.shape[3:])))
    shared = np.ascontiguousarray(np.broadcast_to(local, (2, 3, 2, *local.shape[3:])))
    np.testing.assert_allclose(run("GroupLocal", attrs, x, everywhere)[0], plain, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(run("LocalShare", attrs, x, shared)[0], plain, rtol=1e-4, atol=1e-5)
    with pytest.raises(Unsupported):
        run("GroupLocal", attrs, x, everywhere[:, :5])


def test_region_restricted_convolution_ignores_other_regions():
    rng = np.random.default_rng(7)
    x, w = rng.normal(size=(1, 2, 5, 5)).astype("f4"), rng.normal(size=(3, 2, 3, 3)).astype("f4")
    inside, attrs = np.zeros((1, 5, 5), np.int32), {"padding": ((1, 1), (1, 1))}
    inside[:, :, 3:] = 1
    got = run("RegionRestrictedConvolution", attrs, x, w, inside, np.ones((1, 5, 5), np.int32))[0]
    np.testing.assert_allclose(
        got, run("Convolution", attrs, x * inside[:, None].astype("f4"), w)[0], rtol=1e-6
    )


def test_batch_conv_bias_uses_each_items_own_weights():
    rng = np.random.default_rng(8)
    x, w = rng.normal(size=(2, 3, 5, 5)).astype("f4"), rng.normal(size=(2, 4, 3, 3, 3)).astype("f4")
    b = rng.normal(size=(1, 4, 1, 1)).astype("f4")
    attrs = {"activation": ("relu",)}
    got = run("BatchConvBias", attrs, x, w, b)[0]
    items = [run("ConvBias", attrs, x[k : k + 1], w[k], b)[0] for k in (0, 1)]
    np.testing.assert_array_equal(got, np.concatenate(items))


@pytest.mark.parametrize(
    ("attrs", "x", "w", "why"),
    [
        ({}, (1, 3, 5, 5), (2, 4, 3, 3), "the data has 3 channels, the weights are for 4"),
        ({}, (1, 3, 2, 2), (2, 3, 3, 3), "larger than the padded data"),
        ({}, (1, 3, 5, 5), (2, 3, 0, 3), "a window has kernel"),
        ({}, (1, 3, 5, 5), (2, 3, 3, 3, 1), "no data and weights of 4 axes"),
        ({}, (3, 5, 5), (2, 3, 3, 3), "no data and weights of 4 axes"),
        ({"stride": (1, 1, 1)}, (1, 3, 5, 5), (2, 3, 3, 3), "a window has kernel"),
        ({"groups": 2}, (1, 6, 5, 5), (3, 3, 3, 3), "do not make up 2 groups"),
        ({"activation": (9,)}, (1, 3, 5, 5), (2, 3, 3, 3), "the activation 9 is not known"),
    ],
)
def test_impossible_convolutions_are_refused(attrs, x, w, why):
    with pytest.raises(Unsupported, match=why):
        output_types("ConvBias", attrs, value(np.zeros(x, "f4")), value(np.zeros(w, "f4")))
