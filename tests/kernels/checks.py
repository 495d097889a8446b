"""Candidates of a node against the operator's NumPy meaning, in plain C and with vectors."""

from __future__ import annotations

from collections.abc import Sequence

import harness
import numpy as np
import pytest
from mgecc import ops
from mgecc.graph import DType, Node, TensorType, Value
from mgecc.targets import Target
from specials import with_specials

_TESTED = [t for t in harness.host_targets() if t.isa in ("scalar", "sse2", "avx2")]
TARGETS = pytest.mark.parametrize("target", _TESTED, ids=[t.isa for t in _TESTED])
SEEDS = pytest.mark.parametrize("seed", range(20))


def given(array: np.ndarray, const: bool = False, dtype: DType | None = None) -> tuple[Value, np.ndarray]:
    """An input of a node with its numbers; ``const`` for parameters, ``dtype`` unless that of the array."""
    kind = TensorType(array.shape, dtype or DType(array.dtype.name))
    return Value("x", kind, const=array if const else None), array


def floats(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape).astype(np.float32)


def make(op: str, attrs: dict[str, object], pairs: Sequence[tuple[Value, np.ndarray]]) -> Node:
    words = ops.attributes_of(op, {"output_dtype": None, **attrs})
    made = Node(op, "test", words, [v for v, _ in pairs], origin="test")
    made.outputs = [Value(f"y{k}", t, made) for k, t in enumerate(ops.infer(made))]
    return made


def results(
    op: str, attrs: dict[str, object], pairs: Sequence[tuple[Value, np.ndarray]], target: Target
) -> tuple[list[np.ndarray], list[list[np.ndarray]]]:
    """What the meaning gives, and what every candidate gives."""
    arrays = [array for _, array in pairs]
    wanted = ops.evaluate(make(op, attrs, pairs), arrays)
    count = len(harness.all_candidates(make(op, attrs, pairs), target))
    got = []
    for k in range(count):
        node = make(op, attrs, pairs)
        got.append(harness.run_candidate(node, target, harness.all_candidates(node, target)[k], arrays))
    return wanted, got


def agree(
    op: str,
    attrs: dict[str, object],
    pairs: Sequence[tuple[Value, np.ndarray]],
    target: Target,
    *,
    rtol: float = 1e-5,
    atol: float = 1e-5,
    outputs: int | None = None,
) -> None:
    """Every candidate gives the first ``outputs`` results (all by default) within the tolerance, with specials too."""
    for inputs in with_specials(make(op, attrs, pairs), [array for _, array in pairs]):
        wanted, every = results(op, attrs, [(v, x) for (v, _), x in zip(pairs, inputs)], target)
        for got in every:
            for a, b in list(zip(wanted, got, strict=True))[:outputs]:
                np.testing.assert_allclose(b, a, rtol=rtol, atol=atol)
