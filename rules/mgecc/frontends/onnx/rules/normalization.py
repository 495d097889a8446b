"""Normalisations."""

from __future__ import annotations

from collections.abc import Sequence

from mgecc.graph import Unsupported
from mgecc.ops.normalization import NormAttrs

from . import OnnxNode, Tensor, TensorBuilder, rule


@rule("BatchNorm", "BatchNormalization")
def batch_normalization(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """By stored statistics."""
    if node.get("training_mode", 0):
        raise Unsupported(
            "batch normalisation in training mode is not supported", "export the model in evaluation mode"
        )
    x = node.operand(0)
    parameters = [t.reshape(node.operand(k), _per_channel(x)) for k in (1, 2, 3, 4)]
    attrs = NormAttrs(node.get("epsilon", 1e-5))
    y = t.add("BatchNorm", attrs, x, *parameters, dtype=x.dtype)[3]
    return [y]


def _per_channel(x: Tensor) -> tuple[int, ...]:
    """The shape of a number for each channel, on axis 1, that stretches to ``x``."""
    return tuple(n if axis == 1 else 1 for axis, n in enumerate(x.shape))
