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
    attrs: dict[str, Any] = {
        "num_heads": heads, "sm_scaler": 0.5, "input_order": 0, "attn_mask_type": "NO_MASK",
        "tensor_combination_type": "NONE", "add_zero_attn": False, "need_weights": False, "reslink": False,
        "training": False, "attn_prob": 0.0, "out_prob": 0.0,
    }  # fmt: skip
    inner, deep = heads * int(rng.integers(1, 12)), heads * int(rng.integers(1, 12))
    for part, columns in zip("qkvo", (inner, inner, deep, int(rng.integers(1, 40)))):
        attrs[f"{part}proj_size"], attrs[f"{part}bias"] = columns, bool(rng.integers(2))
    if rng.integers(2):
        attrs["oproj_size"], attrs["obias"] = 0, False
    return attrs


def weight_count(attrs: dict[str, Any], width: int) -> int:
    rows = {"q": width, "k": width, "v": width, "o": attrs["vproj_size"]}
    matrices = sum(rows[p] * attrs[f"{p}proj_size"] for p in rows)
    return matrices + sum(attrs[f"{p}proj_size"] for p in rows if attrs[f"{p}bias"])


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
    attrs = attributes(rng, width) | {
        "attn_mask_type": "USER_DEFINED_MASK",
        "tensor_combination_type": "ONLY_MASK",
    }
    pairs = operands(rng, attrs, width)
    (n, tq, _), tk = pairs[0][1].shape, pairs[1][1].shape[1]
    full = (n * attrs["num_heads"], tq, tk)
    shape = [int(d) if rng.integers(2) else 1 for d in full]
    mask = np.where(rng.random(shape) < 0.3, np.float32(-1e9), floats(rng, *shape))
    yield agree("MultiHeadAttn", attrs, [*pairs, given(mask)], rtol=1e-4, atol=1e-4, outputs=2)


@on_host
@over("bias", [False, True])
def test_attention_without_matrices(target: Target, bias: bool) -> Iterator[Case]:
    rng = np.random.default_rng(3)
    attrs = attributes(rng, 12) | {"num_heads": 2}
    attrs |= {f"{p}proj_size": 0 for p in "qkvo"} | {f"{p}bias": bias for p in "qkvo"}
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
