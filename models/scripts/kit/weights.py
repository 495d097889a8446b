"""Filling MegEngine modules with weights read elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Weights = Mapping[str, np.ndarray]


def fill(parameter: Any, value: np.ndarray) -> None:
    """Set a parameter or buffer, keeping MegEngine's own shape for it (grouped weights have one axis more)."""
    shape = tuple(int(extent) for extent in parameter.shape)
    parameter[...] = np.asarray(value, np.float32).reshape(shape)


def set_conv(module: Any, weight: np.ndarray, bias: np.ndarray | None = None) -> None:
    """Fill a convolution from an (out, in / groups, height, width) weight."""
    fill(module.weight, weight)
    if bias is not None:
        fill(module.bias, bias)


def set_linear(module: Any, weights: Weights, prefix: str) -> None:
    """Fill a Linear layer from ``<prefix>.weight`` and ``<prefix>.bias``."""
    fill(module.weight, weights[f"{prefix}.weight"])
    fill(module.bias, weights[f"{prefix}.bias"])


def set_batch_norm(module: Any, weights: Weights, prefix: str) -> None:
    """Fill a batch norm from PyTorch's four arrays."""
    for part in ("weight", "bias", "running_mean", "running_var"):
        fill(getattr(module, part), weights[f"{prefix}.{part}"])


def fold_batch_norm(
    weight: np.ndarray, weights: Weights, prefix: str, eps: float = 1e-5
) -> tuple[np.ndarray, np.ndarray]:
    """Weight of a convolution without bias and the batch norm behind it -> weight and bias of one convolution."""
    gain = weights[f"{prefix}.weight"] / np.sqrt(weights[f"{prefix}.running_var"] + eps)
    shift = weights[f"{prefix}.bias"] - weights[f"{prefix}.running_mean"] * gain
    return weight * gain.reshape((-1,) + (1,) * (weight.ndim - 1)), shift
