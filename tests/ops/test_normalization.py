"""Normalisations give zero mean and unit variance where they should, then scale and shift."""

from __future__ import annotations

import numpy as np
import pytest
from handmade_nodes import run
from mgecc.graph import Unsupported

EPS = 1e-5
RNG = np.random.default_rng(0)
X = RNG.normal(3, 2, (2, 6, 5, 4)).astype("f4")


def standardized(x, axes):
    return (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(x.var(axis=axes, keepdims=True) + EPS)


def check(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def test_batch_norm_uses_the_stored_statistics():
    scale, bias, mean, variance = (RNG.uniform(0.5, 2, (1, 6, 1, 1)).astype("f4") for _ in range(4))
    attrs = {"fwd_mode": "INFERENCE", "epsilon": EPS, "param_dim": "DIM_1C11"}
    results = run("BatchNorm", attrs, X, scale, bias, mean, variance)
    assert len(results) == 4
    check(results[3], (X - mean) / np.sqrt(variance + EPS) * scale + bias)
    with pytest.raises(Unsupported, match="training"):
        run("BatchNorm", {**attrs, "fwd_mode": "TRAINING"}, X, scale, bias, mean, variance)


@pytest.mark.parametrize("count", [1, 2])
def test_layer_norm_works_on_the_last_axes(count):
    w, b = (RNG.normal(size=X.shape[-count:]).astype("f4") for _ in range(2))
    axes = tuple(range(4 - count, 4))
    attrs = {"affine": True, "eps": EPS, "normalized_dim": count, "normalized_size": w.size}
    y, mean, factor = run("LayerNorm", attrs, X, w, b)
    check(y, standardized(X, axes) * w + b)
    check(mean, X.mean(axis=axes))
    check(factor, 1 / np.sqrt(X.var(axis=axes) + EPS))


def test_general_norm_works_on_middle_axes():
    w, b = (RNG.normal(size=(6, 5)).astype("f4") for _ in range(2))
    y, mean, _ = run("GeneralNorm", {"affine": True, "eps": EPS, "axis_start": 1, "axis_end": 3}, X, w, b)
    check(y, standardized(X, (1, 2)) * w[..., None] + b[..., None])
    check(mean, X.mean(axis=(1, 2)))


@pytest.mark.parametrize(("op", "group", "groups"), [("GroupNorm", 3, 3), ("InstanceNorm", 1, 6)])
def test_group_and_instance_norm_work_per_group_of_channels(op, group, groups):
    w, b = (RNG.normal(size=6).astype("f4") for _ in range(2))
    y, mean, deviation = run(op, {"affine": True, "eps": EPS, "group": group, "format": "NCHW"}, X, w, b)
    split = X.reshape(2, groups, 6 // groups, 5, 4)
    expected = standardized(split, (2, 3, 4)).reshape(X.shape)
    check(y, expected * w[:, None, None] + b[:, None, None])
    check(mean, split.mean(axis=(2, 3, 4)))
    check(deviation, np.sqrt(split.var(axis=(2, 3, 4)) + EPS))


def test_lrn_sums_squares_of_neighbouring_channels():
    attrs = {"n": 3, "k": 2.0, "alpha": 0.1, "beta": 0.75}
    padded = np.pad(X.astype(np.float64) ** 2, [(0, 0), (1, 1), (0, 0), (0, 0)])
    sums = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    check(run("LRN", attrs, X)[0], X / (2 + 0.1 * sums) ** 0.75)


@pytest.mark.parametrize("axis", [-1, 1])
def test_softmax_sums_to_one_and_keeps_ratios(axis):
    got = run("Softmax", {"axis": axis}, X * 100)[0]
    check(got.sum(axis=axis), np.ones_like(got.sum(axis=axis)))
    check(run("Softmax", {"axis": axis}, X)[0], np.exp(X) / np.exp(X).sum(axis=axis, keepdims=True))


def test_missing_parameters_are_refused():
    with pytest.raises(Unsupported):
        run("LayerNorm", {"affine": True, "eps": EPS, "normalized_dim": 1, "normalized_size": 4}, X)
