"""Recurrent layers as TensorFlow Lite states them: a long list of operands, most of them absent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mgecc.frontends.tensors import Tensor, TensorBuilder
from mgecc.graph import Unsupported

from .node import TfliteNode

GATES = ("input", "forget", "cell", "output")
_STATES = 2


@dataclass(frozen=True)
class LstmPlaces:
    """Positions of operands of one direction: weights of the data and of the state by gate, biases, states (h, c), and
    those that must be absent, for want of which others have peepholes, projections and normalisation."""

    weights: int
    biases: int
    state: int
    absent: tuple[int, ...]

    @property
    def of_data(self) -> range:
        return range(self.weights, self.weights + 4)

    @property
    def of_state(self) -> range:
        return range(self.weights + 4, self.weights + 8)

    @property
    def of_bias(self) -> range:
        return range(self.biases, self.biases + 4)


ONE_WAY = LstmPlaces(1, 12, 18, (9, 10, 11, 16, 17, 20, 21, 22, 23))
FORWARDS = LstmPlaces(1, 12, 35, (9, 10, 11, 16, 17))
BACKWARDS = LstmPlaces(18, 29, 37, (26, 27, 28, 33, 34))
SECOND_DATA = range(39, 48)
"""Operands of layers in both directions that read other data beside."""


def check_plain(node: TfliteNode, places: LstmPlaces) -> None:
    """Unsupported if a layer has parts that its kernels do not."""
    if any(node.optional(k) is not None for k in places.absent):
        raise Unsupported("an LSTM with peepholes, projection or normalisation is not supported")
    if any(node.optional(k) is None for k in (*places.of_data, *places.of_state, *places.of_bias)):
        raise Unsupported("an LSTM without a gate of its own for inputs, or without biases, is not supported")
    if node.require("fused_activation_function") != "TANH":
        raise Unsupported(
            f"an LSTM with the activation {node.get('fused_activation_function')} is not supported"
        )
    if node.get("diagonal_recurrent_tensors"):
        raise Unsupported("an LSTM with diagonal weights is not supported")


def steps_first(node: TfliteNode, t: TensorBuilder) -> Tensor:
    """The data as (t, n, in)."""
    x = node.operand(0)
    if x.rank != 3:
        raise Unsupported(f"a recurrent layer cannot read data of shape {list(x.shape)}")
    return x if node.get("time_major") else t.transpose(x, (1, 0, 2))


def as_stated(node: TfliteNode, t: TensorBuilder, y: Tensor) -> Tensor:
    """Results (t, n, hidden) in the file's order of axes."""
    return y if node.get("time_major") else t.transpose(y, (1, 0, 2))


def stacked(t: TensorBuilder, parts: Sequence[Tensor]) -> Tensor:
    """Weights of all gates as one constant."""
    return t.concat([t.constant(part.known, part.dtype, part.value.name) for part in parts], 0)
