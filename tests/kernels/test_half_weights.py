"""Kernels with weights in half precision give what the same numbers in float32 give, from half the bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import harness
import numpy as np
import pytest
import test_conv
import test_matmul
from batch import Case, check_emulated, check_native
from mgecc.graph import Node, Value
from mgecc.kernels import Const
from mgecc.targets import Target, load_target

TARGETS = pytest.mark.parametrize("target", harness.host_targets(), ids=harness.host_names())
CONVOLUTIONS: list[Callable[[np.random.Generator], list[Case]]] = [
    test_conv.pointwise,
    test_conv.dense,
    test_conv.grouped,
    test_conv.depthwise,
    test_conv.first,
]
FORMS = [form for form in test_matmul.FORMS if form[2]]


def halved(case: Case) -> Case:
    """The case with weights that are numbers of half precision, and a node that says so."""
    weights = case.inputs[1].astype(np.float16).astype(np.float32)

    def make() -> Node:
        node = case.make()
        node.inputs[1] = Value("w", node.inputs[1].type, const=weights)
        node.attrs = replace(node.attrs, weights_f16=True)
        return node

    return Case(case.text, make, [case.inputs[0], weights, *case.inputs[2:]])


def some(cases: list[Case], target: Target) -> list[Case]:
    """All where plain C and vectors with instructions for halves differ, else enough to see that all is the same."""
    return [halved(case) for case in cases[:: 1 if target.isa in ("scalar", "avx2") else 5]]


def products(rng: np.random.Generator, form: tuple[bool, bool, bool]) -> list[Case]:
    return [halved(case) for case in test_matmul.random_cases(rng, form, 6)]


@TARGETS
@pytest.mark.parametrize("family", CONVOLUTIONS, ids=lambda f: f.__name__)
def test_convolutions(family: Callable[[np.random.Generator], list[Case]], target: Target) -> None:
    check_native(some(family(np.random.default_rng(31)), target), target)


@TARGETS
@pytest.mark.parametrize("form", FORMS, ids=["".join("at"[f] for f in form) for form in FORMS])
def test_products(form: tuple[bool, bool, bool], target: Target) -> None:
    check_native(products(np.random.default_rng(32), form), target)


@pytest.mark.parametrize("name", ["arm64", "armv7", "baremetal"])
def test_on_arm(name: str) -> None:
    rng = np.random.default_rng(33)
    convolutions = [halved(case) for family in CONVOLUTIONS for case in family(rng)[::5]]
    check_emulated([*convolutions, *(case for form in FORMS for case in products(rng, form)[::3])], name)


@pytest.mark.parametrize("name", ["x86_64", "arm64", "armv7", "baremetal"])
def test_every_kernel_reads_halves_from_the_blob(name: str) -> None:
    target, rng = load_target(name), np.random.default_rng(34)
    cases = [family(rng)[0] for family in CONVOLUTIONS] + [
        c for form in FORMS for c in products(rng, form)[:2]
    ]
    for case in map(halved, cases):
        for node, candidate in case.ways(target):
            for call in candidate.build(node):
                weights = call.operands[1]
                assert isinstance(weights, Const)
                assert weights.pack().dtype == np.float16, candidate.why
                assert call.kernel.operands[1] == ("w", "const uint16_t *")
