"""The least instructions that a model's multiply-accumulates (MACs) can take: vector products, nothing else.

One instruction multiplies and adds 4 float32 lanes, with arithmetic in float16 8. For int8 it is 16 with dot products
(feature ``dot``), 32 with matrix products (``i8mm``), and 8 without both: a widening product of 8 lanes; adding up in
32 bits is not counted there. Winograd's kernels can come out below 1. Without vectors (Cortex-M) an instruction
multiplies and adds once, whatever the type.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mgecc.targets import Target

_INT8 = (("i8mm", 32), ("dot", 16))


def macs_per_instruction(kernel: str, target: Target) -> int:
    """By the kernel's name: families of quantised operators begin with q; f16 stands for arithmetic in halves."""
    if target.isa == "scalar":
        return 1
    if kernel.startswith("q"):
        return next((lanes for feature, lanes in _INT8 if target.has(feature)), 8)
    return 8 if "_f16_" in kernel and target.has("fp16") else 4


def ideal_instructions(layers: Iterable[dict[str, Any]], target: Target) -> int:
    """Of all layers of a report: rows with ``kernel`` and ``macs``."""
    return round(sum(row["macs"] / macs_per_instruction(row["kernel"], target) for row in layers))
