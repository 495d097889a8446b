"""Activations that operators have built in."""

from __future__ import annotations

import numpy as np

from mgecc.frontends.tensors import Tensor, TensorBuilder
from mgecc.graph import Unsupported


def activated(t: TensorBuilder, x: Tensor, word: str) -> Tensor:
    """``x`` with the activation that an operator's option names."""
    if word == "NONE":
        return x
    if word in ("RELU", "RELU6", "TANH"):
        return t.elemwise(word.lower(), x)
    if word == "RELU_N1_TO_1":
        return clipped(t, x, -1, 1)
    raise Unsupported(f"the built-in activation {word} is not supported")


def clipped(t: TensorBuilder, x: Tensor, low: float, high: float) -> Tensor:
    """Numbers below ``low`` become that, those above ``high`` that."""
    bounds = [t.constant(np.array(n, x.dtype.numpy)) for n in (low, high)]
    return t.elemwise("min", t.elemwise("max", x, bounds[0]), bounds[1])
