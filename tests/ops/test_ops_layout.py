"""Stored layouts hold the same convolution as the plain one."""

from __future__ import annotations

import numpy as np
import pytest
from handmade_nodes import CONVOLUTION, run
from mgecc.ops import layout

# format, sparse, layout of the weights, number of groups, channels in, channels out per group
LAYOUTS = [
    ("NHWC", "DENSE", "ohwi", 1, 3, 5),
    ("NHWC", "GROUP", "gohwi", 2, 3, 4),
    ("NCHW44", "DENSE", "oihwIO", 1, 8, 4),
    ("NCHW44", "GROUP", "goihwIO", 2, 4, 8),
    ("NCHW44", "GROUP", "goihwG", 8, 1, 1),
    ("NCHW44_DOT", "DENSE", "oihwOI", 1, 8, 4),
    ("NCHW44_DOT", "GROUP", "goihwOI", 2, 4, 4),
    ("NCHW88", "DENSE", "oihwIO", 1, 8, 16),
    ("NCHW88", "GROUP", "goihwG", 16, 1, 1),
    ("NCHW4", "DENSE", "oihwI", 1, 8, 4),
    ("NCHW4", "GROUP", "goihwI", 2, 4, 8),
    ("NCHW32", "DENSE", "oihwI", 1, 32, 32),
    ("CHWN4", "DENSE", "ihwoI", 1, 8, 4),
]


def block_word(data_format):
    return layout.word(data_format, 4 if data_format == "NHWC" else 5)


@pytest.mark.parametrize(("data_format", "sparse", "weights", "groups", "ins", "outs"), LAYOUTS)
def test_convolution_in_a_stored_layout_equals_the_plain_one(data_format, sparse, weights, groups, ins, outs):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, groups * ins, 5, 6)).astype("f4")
    w = rng.normal(size=(groups, outs, ins, 3, 3)).astype("f4")
    b = rng.normal(size=(1, groups * outs, 1, 1)).astype("f4")
    attrs = {**CONVOLUTION, "sparse": "GROUP", "pad_h": 1, "stride_w": 2, "nonlineMode": "RELU"}
    plain = run("ConvBias", attrs, x, w, b)[0]
    block, word = layout.BLOCKS[data_format], block_word(data_format)
    stored = [
        layout.pack(x, word, block),
        layout.pack(w, weights, block, "goihw"),
        layout.pack(b, word, block),
    ]
    got = run("ConvBias", {**attrs, "format": data_format, "sparse": sparse}, *stored)[0]
    np.testing.assert_allclose(layout.to_plain(got, data_format), plain, rtol=1e-5, atol=1e-5)


def test_the_first_layer_reads_plain_data_and_writes_blocks():
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(1, 3, 5, 5)).astype("f4"), rng.normal(size=(8, 3, 3, 3)).astype("f4")
    stored = layout.pack(w, "ohwiO", 4, "oihw")
    got = run("Convolution", {**CONVOLUTION, "format": "NCHW44"}, x, stored)[0]
    assert got.shape == (1, 2, 3, 3, 4)
    plain = run("Convolution", CONVOLUTION, x, w)[0]
    np.testing.assert_allclose(layout.to_plain(got, "NCHW44"), plain, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW44", "NCHW88", "NCHW4", "NCHW32", "NCHW64", "CHWN4"])
def test_unpacking_undoes_packing(data_format):
    x = np.arange(2 * 64 * 3 * 5).reshape(2, 64, 3, 5)
    stored = layout.from_plain(x, data_format, block_word(data_format))
    np.testing.assert_array_equal(layout.to_plain(stored, data_format), x)


def test_the_inner_block_holds_neighbouring_channels():
    x = np.arange(8).reshape(1, 8, 1, 1)
    np.testing.assert_array_equal(layout.pack(x, "nchwC", 4).reshape(2, 4), [[0, 1, 2, 3], [4, 5, 6, 7]])


def test_relayout_fills_the_last_block_with_zeros_and_cuts_it_off_again():
    x = np.arange(1, 7, dtype="f4").reshape(1, 3, 1, 2)
    blocked = run("RelayoutFormat", {"mode": "NCHW_NCHW4", "oc": 0, "group": 1}, x)[0]
    assert blocked.shape == (1, 1, 1, 2, 4) and not blocked[..., 3].any()
    np.testing.assert_array_equal(
        run("RelayoutFormat", {"mode": "NCHW4_NCHW", "oc": 3, "group": 1}, blocked)[0], x
    )


def test_relayout_to_chwn4_and_back():
    x = np.arange(2 * 2 * 3 * 5 * 4, dtype="f4").reshape(2, 2, 3, 5, 4)
    there = run("RelayoutFormat", {"mode": "NCHW4_CHWN4", "oc": 0, "group": 1}, x)[0]
    np.testing.assert_array_equal(there, x.transpose(1, 2, 3, 0, 4))
    np.testing.assert_array_equal(
        run("RelayoutFormat", {"mode": "CHWN4_NCHW4", "oc": 0, "group": 1}, there)[0], x
    )
