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
    results = run("BatchNorm", {"epsilon": EPS}, X, scale, bias, mean, variance)
    assert len(results) == 4
    check(results[3], (X - mean) / np.sqrt(variance + EPS) * scale + bias)


@pytest.mark.parametrize("count", [1, 2])
def test_layer_norm_works_on_the_last_axes(count):
    w, b = (RNG.normal(size=X.shape[-count:]).astype("f4") for _ in range(2))
    axes = tuple(range(4 - count, 4))
    y, mean, factor = run("LayerNorm", {"epsilon": EPS, "last_axes": count}, X, w, b)
    check(y, standardized(X, axes) * w + b)
    check(mean, X.mean(axis=axes))
    check(factor, 1 / np.sqrt(X.var(axis=axes) + EPS))


def test_general_norm_works_on_middle_axes():
    w, b = (RNG.normal(size=(6, 5)).astype("f4") for _ in range(2))
    y, mean, _ = run("GeneralNorm", {"epsilon": EPS, "first": 1, "end": 3}, X, w, b)
    check(y, standardized(X, (1, 2)) * w[..., None] + b[..., None])
    check(mean, X.mean(axis=(1, 2)))


@pytest.mark.parametrize(
    ("op", "words", "groups"), [("GroupNorm", {"groups": 3}, 3), ("InstanceNorm", {}, 6)]
)
def test_group_and_instance_norm_work_per_group_of_channels(op, words, groups):
    w, b = (RNG.normal(size=6).astype("f4") for _ in range(2))
    y, mean, deviation = run(op, {"epsilon": EPS, **words}, X, w, b)
    split = X.reshape(2, groups, 6 // groups, 5, 4)
    expected = standardized(split, (2, 3, 4)).reshape(X.shape)
    check(y, expected * w[:, None, None] + b[:, None, None])
    check(mean, split.mean(axis=(2, 3, 4)))
    check(deviation, np.sqrt(split.var(axis=(2, 3, 4)) + EPS))


def test_lrn_sums_squares_of_neighbouring_channels():
    attrs = {"size": 3, "bias": 2.0, "alpha": 0.1, "beta": 0.75}
    padded = np.pad(X.astype(np.float64) ** 2, [(0, 0), (1, 1), (0, 0), (0, 0)])
    sums = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    check(run("LRN", attrs, X)[0], X / (2 + 0.1 * sums) ** 0.75)


@pytest.mark.parametrize("axis", [-1, 1])
def test_softmax_sums_to_one_and_keeps_ratios(axis):
    got = run("Softmax", {"axis": axis}, X * 100)[0]
    check(got.sum(axis=axis), np.ones_like(got.sum(axis=axis)))
    check(run("Softmax", {"axis": axis}, X)[0], np.exp(X) / np.exp(X).sum(axis=axis, keepdims=True))


def test_missing_parameters_are_refused():
    with pytest.raises(Unsupported, match="without a term"):
        run("LayerNorm", {"epsilon": EPS, "last_axes": 1}, X, X[0, 0, 0])


@pytest.mark.parametrize(
    ("op", "words"),
    [
        ("LayerNorm", {"last_axes": 5}),
        ("GeneralNorm", {"first": 2, "end": 2}),
        ("GeneralNorm", {"first": 3, "end": 5}),
    ],
)
def test_axes_that_the_data_has_not_are_refused(op, words):
    with pytest.raises(Unsupported, match="of a value of rank 4 cannot be normalised"):
        run(op, {"epsilon": EPS, **words}, X)


def test_channels_that_do_not_split_into_groups_and_other_ranks_are_refused():
    with pytest.raises(Unsupported, match="6 channels cannot be normalised in 4 groups"):
        run("GroupNorm", {"epsilon": EPS, "groups": 4}, X)
    with pytest.raises(Unsupported, match="are no images"):
        run("InstanceNorm", {"epsilon": EPS}, X[0])
