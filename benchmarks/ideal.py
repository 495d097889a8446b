"""The least instructions that a model's multiply-accumulates (MACs) can take: vector products, nothing else.

How many MACs one instruction does follows from the record of the instruction set. Winograd's kernels can come out
below 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mgecc.targets import Target


def macs_per_instruction(kernel: str, target: Target) -> int:
    """By the kernel's name: families of quantised operators begin with q; f16 stands for arithmetic in halves."""
    dtype = "qint8" if kernel.startswith("q") else "float16" if "_f16_" in kernel else "float32"
    return target.facts.macs_per_instruction(dtype)


def ideal_instructions(layers: Iterable[dict[str, Any]], target: Target) -> int:
    """Of all layers of a report: rows with ``kernel`` and ``macs``."""
    return round(sum(row["macs"] / macs_per_instruction(row["kernel"], target) for row in layers))
