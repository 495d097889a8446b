"""Kernels in half lanes compute what their operators mean, as exactly as halves can.

Every addition rounds to the nearest half, an error of at most 2^-11 of the partial sum, up or down. Of n additions
that makes about sqrt(n) 2^-11 of the sum of magnitudes; so much is allowed, and the results' own rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import test_conv
from batch import Case, check_emulated
from mgecc import ops
from mgecc.graph import DType, Node, TensorType, Value
from mgecc.kernels import candidates
from mgecc.targets import load_target

TARGET = "arm64+fp16"
HALF = DType("float16")
UNIT = 2.0**-11
# The steepest slope of an activation that is steeper than 1.
SLOPES = {"H_SWISH": 1.5, "SILU": 1.1, "GELU": 1.13}


def _half(v: Value) -> Value:
    if v.type.dtype.name != "float32":
        return v
    const = None if v.const is None else v.const.astype(np.float16)
    return Value(v.name, TensorType(v.shape, HALF), const=const)


def narrowed(case: Case, terms: int) -> Case:
    """The case in float16; ``terms``: products that one result adds up."""
    arrays = [a.astype(np.float16) if a.dtype == np.float32 else a for a in case.inputs]

    def make() -> Node:
        given = case.make()
        made = Node(given.op, "test", given.attrs, [_half(v) for v in given.inputs], origin="test")
        made.outputs = [Value(f"y{k}", t, made) for k, t in enumerate(ops.infer(made))]
        return made

    half, magnitudes = replace(case, make=make, inputs=arrays), case.make()
    activation = magnitudes.attrs.get("activation", ("IDENTITY",))[0]
    magnitudes.attrs["activation"] = ("IDENTITY",)
    sums = ops.evaluate(magnitudes, [np.abs(a) if a.dtype == np.float32 else a for a in case.inputs])[0]
    slope = SLOPES.get(activation, 1.0)
    return replace(half, room=UNIT * ((np.sqrt(terms) + 3) * slope * sums + np.abs(half.want())) + 2.0**-24)


def convolution(case: Case) -> Case:
    weights = case.inputs[1]
    return narrowed(case, int(np.prod(weights.shape[1:] if weights.ndim == 4 else weights.shape[2:])))


@pytest.mark.parametrize("kind", test_conv.KINDS, ids=lambda k: k.__name__)
def test_convolutions(kind: Callable[[np.random.Generator], list[Case]]) -> None:
    check_emulated([convolution(c) for c in kind(np.random.default_rng(21))], TARGET)


def test_every_activation_is_fused() -> None:
    rng = np.random.default_rng(22)
    cases = [test_conv.case(rng, 8, 24, 5, 5, act=act, z=True) for act in test_conv.OTHERS]
    check_emulated(list(map(convolution, cases)), TARGET)


def test_tiles_of_few_pixels() -> None:
    """Few pixels make wide tiles, whose inputs and weights share the registers in other ways."""
    rng = np.random.default_rng(23)
    shapes = [(1, w, oc) for w in (1, 2, 3, 4, 5, 6, 9) for oc in (20, 44)]
    cases = [test_conv.case(rng, 16, oc, h, w, act=("RELU",)) for h, w, oc in shapes]
    cases += [test_conv.case(rng, 8, oc, h, w, k=(3, 3), pad=(1, 1, 1, 1), z=True) for h, w, oc in shapes]
    check_emulated(list(map(convolution, cases)), TARGET)


def test_no_kernel_computes_halves_where_sums_are_to_be_float32_or_the_target_cannot() -> None:
    node = convolution(test_conv.case(np.random.default_rng(1), 8, 8, 4, 4)).make()
    assert candidates(node, load_target(TARGET))
    assert not candidates(node, load_target("arm64"))
    node.attrs["compute_mode"] = "FLOAT32"
    assert not candidates(node, load_target(TARGET))
