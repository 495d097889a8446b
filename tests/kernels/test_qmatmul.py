"""Products of quantised matrices give the very numbers of their meaning, on every instruction set."""

from __future__ import annotations

from typing import Any

import harness
import numpy as np
import pytest
from mgecc.graph import DType, Node
from mgecc.targets import Target
from quantised import Q8, U8, check_all, constant, product, targets

W8 = DType("qint8", 0.013)
# m, k, n
_SHAPES = [
    (1, 1280, 100), (1, 64, 10), (1, 1, 1), (2, 3, 5), (1, 16, 16), (3, 17, 33), (1, 48, 64), (5, 20, 7), (1, 15, 65),
    (4, 100, 31), (2, 64, 64), (1, 7, 4), (1, 31, 17), (6, 18, 20), (1, 128, 3), (2, 2, 128), (1, 33, 34), (3, 16, 1),
    (1, 256, 48), (7, 9, 11),
]  # fmt: skip


def matmul(rng: np.random.Generator, shape: tuple[int, int, int], **options: Any) -> Node:
    m, k, n = shape
    a, b = options.get("a", Q8), options.get("b", W8)
    ta, tb = options.get("ta", False), options.get("tb", False)
    values = [harness.value("a", (k, m) if ta else (m, k), a)]
    b_shape = (n, k) if tb else (k, n)
    values.append(
        constant(rng, "b", b_shape, b) if options.get("const", True) else harness.value("b", b_shape, b)
    )
    if options.get("bias"):
        values.append(constant(rng, "bias", (1, n), product(a, b)))
    attrs = {"transpose_a": ta, "transpose_b": tb, "output_dtype": options.get("out")}
    return harness.node("MatrixMul", values, **attrs, activation=options.get("act", ("identity",)))


@pytest.mark.parametrize("target", targets(), ids=lambda t: t.isa + t.cpu)
@pytest.mark.parametrize("shape", _SHAPES, ids=str)
def test_matrix_products_equal_their_meaning(shape: tuple[int, int, int], target: Target) -> None:
    rng = np.random.default_rng(sum(shape))
    options = {"bias": shape[0] == 1, "tb": shape[1] % 2 == 0, "out": DType("qint8", 1.1)}
    check_all(
        rng,
        matmul(rng, shape, act=("relu",) if shape[2] % 2 else ("identity",), **options),
        target,
        at_least=2,
    )


_FORMS: dict[str, dict[str, Any]] = {
    "sums": {"out": None},
    "sums_with_bias": {"out": None, "bias": True},
    "u8": {"a": U8, "b": DType("quint8", 0.02, 77), "out": DType("quint8", 1.5, 140)},
    "computed": {"const": False, "out": DType("qint8", 1.1)},
    "transposed": {"ta": True, "tb": True, "out": DType("qint8", 1.1)},
    "u8_result": {"out": DType("quint8", 1.1, 99), "bias": True},
    "integers": {"a": DType("int8"), "b": DType("int8"), "out": None},
}


@pytest.mark.parametrize("target", targets(), ids=lambda t: t.isa + t.cpu)
@pytest.mark.parametrize("form", _FORMS)
def test_every_form_of_product_equals_its_meaning(form: str, target: Target) -> None:
    rng = np.random.default_rng(3)
    check_all(rng, matmul(rng, (3, 21, 18), **_FORMS[form]), target, at_least=2 if "sums" in form else 1)


def test_products_with_and_without_bias_share_a_plain_kernel() -> None:
    target, rng = targets()[0], np.random.default_rng(5)
    nodes = [
        matmul(rng, (3, 5, 4), const=False, bias=bias, out=DType("qint8", 1.1)) for bias in (False, True)
    ]
    kernels = [harness.all_candidates(node, target)[-1].build(node)[0].kernel for node in nodes]
    assert kernels[0] == kernels[1]
