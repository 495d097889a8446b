"""Float epilogues: activations that kernels apply before they store (activation.j2), their fields and symbols."""

from __future__ import annotations

from dataclasses import dataclass

from mgecc.graph import Node, Unsupported
from mgecc.ops.activation import of_node

_FIELDS: dict[str, tuple[str, ...]] = {"clip": ("lo", "hi"), "leaky": ("slope",)}
_MATH = frozenset({"sigmoid", "tanh", "silu", "gelu"})
_PLAIN = frozenset({"identity", "relu", "hsigmoid", "h_swish"})
_LETTERS = {"identity": "", "h_swish": "hswish"}
# Vector instructions per vector of results.
_COST = {"identity": 0, "relu": 1, "clip": 2, "leaky": 3, "hsigmoid": 4, "h_swish": 5}


@dataclass(frozen=True)
class Activation:
    """What ends a fused kernel. ``numbers`` go into the kernel's float fields; ``kind`` is structure."""

    kind: str
    numbers: tuple[float, ...] = ()

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        return tuple((name, "float") for name in _FIELDS.get(self.kind, ()))

    @property
    def needs(self) -> tuple[str, ...]:
        return ("math",) if self.kind in _MATH else ()

    @property
    def suffix(self) -> str:
        """Part of a kernel's symbol, with its underscore; empty for no activation."""
        letters = _LETTERS.get(self.kind, self.kind)
        return f"_{letters}" if letters else ""

    @property
    def cost(self) -> float:
        """Estimated instructions per vector."""
        return float(_COST.get(self.kind, 24))


def activation_of(node: Node) -> Activation:
    """The node's activation; Unsupported if kernels do not know it."""
    kind, *numbers = of_node(node.attrs)
    if kind not in _PLAIN | _MATH | _FIELDS.keys() or len(numbers) != len(_FIELDS.get(kind, ())):
        raise Unsupported(f"the fused activation {kind} has no kernel", "apply it as an operator of its own")
    return Activation(kind, tuple(float(n) for n in numbers))
