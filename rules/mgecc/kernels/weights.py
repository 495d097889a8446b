"""How constant weights lie in the blob: float32, or halves that kernels expand vector by vector (weights.j2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgecc.graph import Node


@dataclass(frozen=True)
class WeightType:
    """``name``: f32 or f16, the structural parameter ``wtype`` of kernels."""

    name: str

    @property
    def ctype(self) -> str:
        return "const uint16_t *" if self.name == "f16" else "const float *"

    @property
    def needs(self) -> tuple[str, ...]:
        return ("half",) if self.name == "f16" else ()

    @property
    def suffix(self) -> str:
        """Part of a kernel's symbol, with its underscore; empty for float32."""
        return "_w16" if self.name == "f16" else ""

    def stored(self, array: np.ndarray) -> np.ndarray:
        """Packed float32 weights as the kernel reads them."""
        return array.astype(np.float16) if self.name == "f16" else array


def weight_type(node: Node) -> WeightType:
    """float16 where a pass says that all weights are numbers of half precision, and they are constant."""
    return WeightType("f16" if node.attrs.get("weights_f16") and node.inputs[1].is_const else "f32")
