"""The attention kernel computes what its operator means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from cases import Case, over
from checks import agree, floats, given, make, on_host, seeds
from mgecc.graph import Unsupported
from mgecc.kernels import candidates
from mgecc.targets import Target, load_target


def attributes(rng: np.random.Generator, width: int) -> dict[str, Any]:
    """Random projections and biases, with widths that split into the heads."""
    heads = int(rng.integers(1, 4))
    inner, deep = heads * int(rng.integers(1, 12)), heads * int(rng.integers(1, 12))
    columns, biases = (
        [inner, inner, deep, int(rng.integers(1, 40))],
        [bool(n) for n in rng.integers(2, size=4)],
    )
    if rng.integers(2):
        columns[3], biases[3] = 0, False
    return {"heads": heads, "scale": 0.5, "projections": tuple(columns), "biases": tuple(biases)}


def weight_count(attrs: dict[str, Any], width: int) -> int:
    columns, biases = attrs["projections"], attrs["biases"]
    rows = (width, width, width, columns[2])
    return sum(r * c for r, c in zip(rows, columns)) + sum(c for c, there in zip(columns, biases) if there)


def operands(rng: np.random.Generator, attrs: dict[str, Any], width: int) -> list[Any]:
    n, tq, tk = (int(v) for v in rng.integers(1, [4, 8, 12]))
    weights = floats(rng, 1, weight_count(attrs, width))
    data = [floats(rng, n, t, width) for t in (tq, tk, tk)]
    return [*(given(a) for a in data), given(weights * np.float32(0.3), const=True)]


@on_host
@seeds
def test_attention_with_projections(target: Target, seed: int) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    width = int(rng.integers(1, 20))
    attrs = attributes(rng, width)
    yield agree("MultiHeadAttn", attrs, operands(rng, attrs, width), rtol=1e-4, atol=1e-4, outputs=2)


@on_host
@seeds
def test_additive_mask(target: Target, seed: int) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    width = int(rng.integers(1, 20))
    attrs = attributes(rng, width)
    pairs = operands(rng, attrs, width)
    (n, tq, _), tk = pairs[0][1].shape, pairs[1][1].shape[1]
    full = (n * attrs["heads"], tq, tk)
    shape = [int(d) if rng.integers(2) else 1 for d in full]
    mask = np.where(rng.random(shape) < 0.3, np.float32(-1e9), floats(rng, *shape))
    yield agree("MultiHeadAttn", attrs, [*pairs, given(mask)], rtol=1e-4, atol=1e-4, outputs=2)


@on_host
@over("bias", [False, True])
def test_attention_without_matrices(target: Target, bias: bool) -> Iterator[Case]:
    rng = np.random.default_rng(3)
    attrs = {"heads": 2, "scale": 0.5, "biases": (bias,) * 4}
    data = [given(floats(rng, 2, t, 12)) for t in (5, 7, 7)]
    weights = given(floats(rng, 48 if bias else 0), const=True)
    yield agree("MultiHeadAttn", attrs, [*data, weights], rtol=1e-4, atol=1e-4, outputs=2)


def test_computed_weights_are_refused() -> None:
    rng = np.random.default_rng(0)
    attrs = attributes(rng, 6)
    pairs = operands(rng, attrs, 6)
    node = make("MultiHeadAttn", attrs, [*pairs[:3], given(pairs[3][1])])
    with pytest.raises(Unsupported, match="weights .* are computed"):
        candidates(node, load_target("x86_64"))
