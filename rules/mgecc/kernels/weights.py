"""How constant weights lie in the blob: float32, or halves, which kernels expand vector by vector or compute with as
they are (weights.j2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgecc.graph import Node
from mgecc.graph.attributes import named


@dataclass(frozen=True)
class WeightType:
    """``name``: f32, f16 (expanded) or half (computed with), the structural parameter ``wtype`` of kernels."""

    name: str

    @property
    def ctype(self) -> str:
        return {"f16": "const uint16_t *", "half": "const mg_f16 *"}.get(self.name, "const float *")

    @property
    def size(self) -> int:
        """Bytes of a number."""
        return 4 if self.name == "f32" else 2

    @property
    def needs(self) -> tuple[str, ...]:
        return ("half",) if self.name == "f16" else ()

    @property
    def suffix(self) -> str:
        """Part of a kernel's symbol, with its underscore; empty for float32."""
        return "_w16" if self.name == "f16" else ""

    def stored(self, array: np.ndarray) -> np.ndarray:
        """Packed float32 weights as the kernel reads them."""
        return array if self.name == "f32" else array.astype(np.float16)


def weight_type(node: Node, position: int = 1) -> WeightType:
    """Halves where the node computes in them, or the weights are constant and a pass says that all are such numbers.

    ``position``: which input they are.
    """
    weights = node.inputs[position]
    if weights.type.dtype.name == "float16":
        return WeightType("half")
    return WeightType("f16" if named(node.attrs).get("weights_f16") and weights.is_const else "f32")
