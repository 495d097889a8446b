"""Activations that may end another operator, as tuples of a name and its numbers: ('clip', 0.0, 6.0)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mgecc.graph import Attributes, Unsupported
from mgecc.graph.attributes import named
from mgecc.ops.elementary import erf, exp, tanh

Activation = tuple[Any, ...]
IDENTITY: Activation = ("identity",)
_Function = Callable[..., np.ndarray]
_TABLE: dict[str, _Function] = {}


def _activation(name: str) -> Callable[[_Function], _Function]:
    def register(function: _Function) -> _Function:
        _TABLE[name] = function
        return function

    return register


def apply(activation: Activation, x: np.ndarray) -> np.ndarray:
    """The activation of every number of ``x``, in the type of ``x``; Unsupported for unknown names."""
    name, *numbers = check(activation)
    with np.errstate(over="ignore"):
        return np.asarray(_TABLE[name](x, *(x.dtype.type(n) for n in numbers)), dtype=x.dtype)


def check(activation: Activation) -> Activation:
    """The activation itself; Unsupported for unknown names."""
    if activation[0] not in _TABLE:
        known = f"known ones: {', '.join(sorted(_TABLE))}"
        raise Unsupported(f"the activation {activation[0]} is not known", known)
    return activation


def of_node(attributes: Attributes) -> Activation:
    """What ends a node with these attributes; the identity where its operator has no activation."""
    return tuple(named(attributes).get("activation", IDENTITY))


def not_infinite(x: np.ndarray) -> np.ndarray:
    """A factor of what is 0 below -1000, so that the product tends to 0 instead of becoming NaN at -infinity."""
    return np.asarray(np.maximum(x, x.dtype.type(-1000)))


@_activation("identity")
def _identity(x: np.ndarray) -> np.ndarray:
    return x


@_activation("relu")
def _relu(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(x, 0))


@_activation("clip")
def _clip(x: np.ndarray, low: np.generic, high: np.generic) -> np.ndarray:
    return np.asarray(np.minimum(np.maximum(x, low), high))


@_activation("leaky")
def _leaky(x: np.ndarray, slope: np.generic) -> np.ndarray:
    return np.where(x > 0, x, x * slope)


@_activation("sigmoid")
def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-x)."""
    return 1 / (1 + exp(-x))


@_activation("tanh")
def _tanh(x: np.ndarray) -> np.ndarray:
    return tanh(x)


@_activation("hsigmoid")
def _hsigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(x + 3, 0, 6) / 6)


@_activation("h_swish")
def _h_swish(x: np.ndarray) -> np.ndarray:
    return np.asarray(x * np.clip(x + 3, 0, 6) / 6)


@_activation("silu")
def _silu(x: np.ndarray) -> np.ndarray:
    return not_infinite(x) * sigmoid(x)


@_activation("gelu")
def _gelu(x: np.ndarray) -> np.ndarray:
    return np.asarray(not_infinite(x) * (erf(x / x.dtype.type(math.sqrt(2))) + 1) / 2)
