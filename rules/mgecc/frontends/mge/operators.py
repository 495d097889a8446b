"""How many value numbers a record takes, for containers that do not list outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .tables import OperatorSpec


@dataclass(frozen=True)
class RecordSizes:
    """What a counting rule may look at: the parameters and the numbers of inputs and stored tensors."""

    params: dict[str, Any]
    inputs: int
    tensors: int


_RULES: dict[str, Callable[[RecordSizes], int | None]] = {
    "per_tensor": lambda sizes: sizes.tensors,
    "split": lambda sizes: sizes.inputs - 1,
    "svd": lambda sizes: 3 if sizes.params["compute_uv"] else 1,
    "top_k": lambda sizes: 1 if sizes.params["mode"] == "KTH_ONLY" else 2,
    # Inference leaves two statistics of the six outputs unnumbered.
    "batch_norm": lambda sizes: 4 if sizes.params["fwd_mode"] == "INFERENCE" else 6,
    "batch_norm_unreserved": lambda sizes: 3 if sizes.params["fwd_mode"] == "INFERENCE" else 5,
    "per_input_and_flag": lambda sizes: sizes.inputs + 1,
    "unknown": lambda sizes: None,
}


def count_outputs(operator: OperatorSpec, sizes: RecordSizes) -> int | None:
    """The number of numbered outputs, None when only the file's names can tell."""
    if isinstance(operator.outputs, int):
        return operator.outputs
    return _RULES[operator.outputs](sizes)
