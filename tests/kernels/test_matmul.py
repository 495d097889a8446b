"""Matrix product kernels compute what MatrixMul, BatchedMatrixMul and Dot mean, whatever is constant or transposed."""

from __future__ import annotations

from functools import partial
from itertools import product

import harness
import numpy as np
import pytest
from batch import Case, check_emulated, check_native
from mgecc.graph import Node
from mgecc.targets import Target

TARGETS = pytest.mark.parametrize("target", harness.host_targets(), ids=harness.host_names())
ACTIVATIONS = [("identity",), ("relu",), ("clip", -0.5, 1.0)]
FORMS = list(product((False, True), (False, True), (False, True)))  # a transposed, b transposed, b constant


def make(
    a: np.ndarray, b: np.ndarray, bias: np.ndarray | None, const: bool, attrs: dict[str, object]
) -> Node:
    inputs = [harness.value("a", a.shape), harness.value("b", b.shape, const=b if const else None)]
    if bias is not None:
        inputs.append(harness.value("bias", bias.shape, const=bias))
    return harness.node("BatchedMatrixMul" if a.ndim == 3 else "MatrixMul", inputs, **attrs)


def case(
    rng: np.random.Generator, sizes: tuple[int, int, int], form: tuple[bool, bool, bool], batch: int = 0
) -> Case:
    (m, n, k), (ta, tb, const) = sizes, form
    lead = (batch,) if batch else ()
    a = rng.uniform(-1, 1, (*lead, *((k, m) if ta else (m, k)))).astype(np.float32)
    b = rng.uniform(-1, 1, (*lead, *((n, k) if tb else (k, n)))).astype(np.float32)
    bias = (
        rng.uniform(-1, 1, (1, n)).astype(np.float32) if const and not batch and rng.random() < 0.6 else None
    )
    act = ACTIVATIONS[rng.integers(len(ACTIVATIONS))] if const and not batch else ("identity",)
    attrs = {"transpose_a": ta, "transpose_b": tb, "activation": act}
    inputs = [a, b] if bias is None else [a, b, bias]
    return Case(f"{sizes} {form} batch {batch}", partial(make, a, b, bias, const, attrs), inputs)


def random_cases(rng: np.random.Generator, form: tuple[bool, bool, bool], count: int) -> list[Case]:
    sizes = [tuple(int(v) for v in rng.integers(1, (26, 80, 40))) for _ in range(count)]
    made = [case(rng, s, form, int(rng.integers(0, 3))) for s in sizes]  # type: ignore[arg-type]
    return made + [case(rng, s, form) for s in ((1, 1, 1), (1, 100, 33), (12, 3, 5), (40, 1, 8))]


@TARGETS
@pytest.mark.parametrize("form", FORMS, ids=["".join("at"[f] for f in form) for form in FORMS])
def test_every_candidate_agrees_with_the_meaning(form: tuple[bool, bool, bool], target: Target) -> None:
    check_native(random_cases(np.random.default_rng(9), form, 16), target)


@TARGETS
def test_dot_products(target: Target) -> None:
    rng = np.random.default_rng(2)
    cases = []
    for n in (1, 7, 64, 1000):
        a, b = rng.uniform(-1, 1, (2, n)).astype(np.float32)
        inputs = [harness.value("a", a.shape), harness.value("b", b.shape)]
        cases.append(Case(f"dot of {n}", partial(harness.node, "Dot", inputs), [a, b]))
    check_native(cases, target)


@pytest.mark.parametrize("name", ["arm64", "armv7", "baremetal"])
def test_arm_agrees_with_the_meaning(name: str) -> None:
    rng = np.random.default_rng(4)
    check_emulated([c for form in FORMS for c in random_cases(rng, form, 20)], name)
