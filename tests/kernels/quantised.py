"""Quantised nodes with random numbers, for the tests of their kernels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import harness
import numpy as np
from cases import Close, case_of, run_native
from mgecc.graph import DType, Node, Value
from mgecc.ops.convolution import ConvBiasAttrs
from mgecc.targets import Target, load_target

Q8, U8 = DType("qint8", 0.021), DType("quint8", 0.017, 119)


@cache
def targets() -> tuple[Target, ...]:
    """All that this machine runs natively, with dot products where it has them."""
    extra = [load_target("x86_64", cpu) for cpu in ("v4-vnni", "v4-amx")]
    return (*harness.host_targets(), *(t for t in extra if set(t.host_flags) <= harness._cpu_flags()))


def stored(rng: np.random.Generator, shape: Sequence[int], dtype: DType) -> np.ndarray:
    """Any stored numbers, the ends of the range among them."""
    low, high = dtype.range
    array = (
        rng.integers(low, high + 1, tuple(shape))
        if dtype.size == 1
        else rng.integers(-9000, 9000, tuple(shape))
    )
    if dtype.size == 1 and array.size > 2:
        array.flat[0], array.flat[-1] = low, high
    return array.astype(dtype.numpy)


def constant(rng: np.random.Generator, name: str, shape: Sequence[int], dtype: DType) -> Value:
    return harness.value(name, shape, dtype, stored(rng, shape, dtype))


def product(a: DType, b: DType) -> DType:
    """The type of sums of products."""
    return DType("qint32", float(np.float32(a.scale) * np.float32(b.scale)))


def inputs_of(rng: np.random.Generator, node: Node) -> list[np.ndarray]:
    """Numbers for every input; constants keep theirs, rectified values have none below 0."""
    numbers = [v.const if v.const is not None else stored(rng, v.shape, v.type.dtype) for v in node.inputs]
    return [array & 127 if v.producer else array for v, array in zip(node.inputs, numbers)]


def rectify(x: Value) -> None:
    """Make x the result of a convolution with RELU, of which kernels may know that it is never negative."""
    x.producer = Node("ConvBias", "before", ConvBiasAttrs(activation=("relu",)), [], origin="test")


def check_all(rng: np.random.Generator, node: Node, target: Target, at_least: int = 1) -> int:
    """Every candidate gives the numbers of the meaning, to the last bit; returns how many there were."""
    count = len(harness.all_candidates(node, target))
    assert count >= at_least
    run_native([case_of(node, inputs_of(rng, node), Close(0, 0))], target)
    return count
