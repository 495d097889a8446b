"""Inputs with NaN, infinities, denormals and zeros of both signs in them, for every test of kernels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from mgecc.graph import Node

NUMBERS = (np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-40, -1e-40, -np.nan)
# Sums of products, which meet zeros of padding or of shares: an infinity may become NaN there, and NaN reach
# neighbours (docs/numbers.md). They are given the finite ones.
_PRODUCTS = (
    "Conv",
    "BatchConv",
    "Region",
    "Deformable",
    "Local",
    "GroupLocal",
    "MatrixMul",
    "BatchedMatrixMul",
    "Dot",
)
_PRODUCTS += (
    "MultiHead",
    "RNN",
    "LSTM",
    "GRU",
    "Correlation",
    "GaussianBlur",
    "Resize",
    "Warp",
    "Remap",
    "ROIAlign",
    "ClampedROIAlign",
    "AdaptiveROIAlign",
)
_NONE = ("MatrixInverse", "SVD")  # whose zeros may have no result
_ADDED = {"ConvBias": 3}  # what they add to their sums before the activation may be anything
_PLACES = {  # operands that say where
    "ROIAlign": (1,),
    "ClampedROIAlign": (1,),
    "AdaptiveROIAlign": (1,),
    "ROIPooling": (1,),
    "DeformablePSROIPooling": (1, 2),
    "WarpPerspective": (1,),
    "WarpAffine": (1,),
    "Remap": (1,),
}


def has_denormals(isa: str) -> bool:
    """Whether the vectors of an instruction set tell denormals from zero."""
    return isa not in ("neon32", "mve")


def _allowed(node: Node, operand: int, denormals: bool) -> np.ndarray:
    """The specials whose results the operator defines."""
    numbers = np.array([n for n in NUMBERS if denormals or abs(n) != 1e-40])
    product = node.op.startswith(_PRODUCTS) and _ADDED.get(node.op) != operand
    return numbers[np.isfinite(numbers)] if product else numbers


def _sprinkled(rng: np.random.Generator, array: np.ndarray, numbers: np.ndarray, share: float) -> np.ndarray:
    """The array with some numbers replaced, one at least."""
    hit = rng.random(array.shape) < share
    hit.flat[rng.integers(array.size)] = True
    if array.dtype == np.float16:  # which has denormals of its own
        numbers = np.where(np.abs(numbers) == 1e-40, numbers * 3e34, numbers)
    chosen = numbers.astype(array.dtype)[rng.integers(len(numbers), size=array.shape)]
    return np.where(hit, chosen, array)


def with_specials(
    node: Node, inputs: Sequence[np.ndarray], share: float = 0.1, denormals: bool = True
) -> Iterator[list[np.ndarray]]:
    """The inputs, then once more with specials in those that are floats and neither constant nor places."""
    yield list(inputs)
    places = range(len(inputs)) if node.op in _NONE else _PLACES.get(node.op, ())
    free = [not v.is_const and j not in places for j, v in enumerate(node.inputs)]
    chosen = [f and a.dtype.kind == "f" and a.size > 0 for f, a in zip(free, inputs)]
    rng = np.random.default_rng(len(inputs) + sum(a.size for a in inputs))
    with np.errstate(all="ignore"):
        if any(chosen):
            yield [
                _sprinkled(rng, a, _allowed(node, j, denormals), share) if chosen[j] else a
                for j, a in enumerate(inputs)
            ]
