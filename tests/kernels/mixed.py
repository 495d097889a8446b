"""Element-wise nodes whose operands are integers of several widths and floats, with their inputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from harness import node, value
from mgecc.graph import DType, Node

INTEGERS = ("int8", "uint8", "int16", "int32")


def _integers(rng: np.random.Generator, name: str, shape: Sequence[int]) -> np.ndarray:
    """Small and large ones alike."""
    limits = np.iinfo(name)
    numbers = rng.integers(limits.min, limits.max, shape, dtype=name, endpoint=True)
    return (numbers >> rng.integers(0, limits.bits, shape).astype(name)).astype(name)


def _made(mode: str, result: str, arrays: list[np.ndarray]) -> tuple[Node, list[np.ndarray]]:
    values = [value(f"x{i}", a.shape, a.dtype.name) for i, a in enumerate(arrays)]
    return node("ElemwiseMultiType", values, mode=mode, output_dtype=DType(result)), arrays


def mixed_nodes(rng: np.random.Generator) -> Iterator[tuple[Node, list[np.ndarray]]]:
    """Every mode that rounds, of every type that it takes, with shifts for all, for channels and one by one."""
    for name, shape in zip(INTEGERS, ((3, 5), (1, 7, 2, 3), (33,), (2, 4, 3, 3))):
        x = _integers(rng, name, shape)
        factor = rng.normal(0, 0.3, shape).astype(np.float32)
        factor.flat[:3] = [np.nan, np.inf, 0.5]
        yield _made("mul_add", "int8", [x, factor, rng.normal(0, 9, (1,)).astype(np.float32)])
        for bits in (8, 16):
            for counts in (shape, (1,)):
                shift = rng.integers(-1, 35, counts).astype(np.int8)
                yield _made("round_shr", f"int{bits}", [x, shift])
    for name in ("int16", "int32"):
        terms = [_integers(rng, name, shape) for shape in ((2, 5, 3, 3), (1, 5, 1, 1), (1,))]
        one = [np.array([n], np.int8) for n in (rng.integers(0, 9), -90, 77)]
        yield _made("add_rmulh_round_shr", "int8", [*terms, *one])
        yield _made("add_rmulh_round_shr", "int8", [*terms, one[0]])
