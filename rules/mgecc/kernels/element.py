"""What a kernel computes in: float32, or halves where the target has arithmetic on them.

A kernel in half lanes is the same template with the vocabulary's names for halves (render.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Node, Value
from mgecc.graph.attributes import named
from mgecc.targets import Simd, Target


@dataclass(frozen=True)
class Element:
    """``name``: in symbols. ``ctype``: of one number. ``simd``: what the instruction set's record says of its vectors.

    ``block``: channels of the NCHWc layout.
    """

    name: str
    ctype: str
    simd: Simd
    block: int

    @property
    def lanes(self) -> int:
        """Of a vector."""
        return self.simd.lanes

    @property
    def xl(self) -> int:
        """Inputs that come with one load."""
        return self.simd.inputs

    @property
    def half(self) -> bool:
        return self.name == "f16"

    @property
    def const(self) -> str:
        """C type of a pointer to numbers that are read."""
        return f"const {self.ctype} *"

    @property
    def pointer(self) -> str:
        return f"{self.ctype} *"

    @property
    def size(self) -> int:
        """Bytes of a number."""
        return 2 if self.half else 4

    @property
    def needs(self) -> tuple[str, ...]:
        """Headers of ``simd/`` besides the ISA's own."""
        return (self.simd.header,) if self.simd.header else ()

    @property
    def numpy(self) -> type[np.floating]:
        return np.float16 if self.half else np.float32


def single(target: Target) -> Element:
    """float32 on a target."""
    return Element("f32", "float", target.facts.float32, target.block_of("float32"))


def half(target: Target) -> Element | None:
    """Halves on a target, None where it has no arithmetic on them."""
    simd = target.facts.float16
    return Element("f16", "mg_f16", simd, target.block_of("float16")) if simd else None


def element_of(node: Node, target: Target, values: Iterable[Value] = ()) -> Element | None:
    """What a node computes in: the type of all its inputs and results, or of these values of them.

    None if they differ, are something else, or are halves that the node wants added up in float32.
    """
    names = {v.type.dtype.name for v in values or (*node.inputs, *node.outputs)}
    if names == {"float16"}:
        return None if named(node.attrs).get("wide_sums") else half(target)
    return single(target) if names == {"float32"} else None
