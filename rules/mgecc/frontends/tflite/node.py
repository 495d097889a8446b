"""An operator of a TensorFlow Lite file, as rules read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mgecc.frontends.tensors import Tensor
from mgecc.graph import Unsupported

from .model import StoredTensor


@dataclass(frozen=True)
class TfliteNode:
    """``type``: of the operator. ``operands``: None where absent. ``inputs``, ``outputs``: as the file states them."""

    type: str
    version: int
    operands: Sequence[Tensor | None]
    inputs: Sequence[StoredTensor | None]
    outputs: Sequence[StoredTensor]
    options: Mapping[str, Any]
    custom_options: bytes = b""

    def with_options(self, options: Mapping[str, Any]) -> TfliteNode:
        return replace(self, options=options)

    def with_operands(self, operands: Sequence[Tensor]) -> TfliteNode:
        return replace(self, operands=operands)

    def operand(self, position: int) -> Tensor:
        """An operand that must be there."""
        found = self.optional(position)
        if found is None:
            raise Unsupported(f"its operand {position} is missing", "convert the model again")
        return found

    def optional(self, position: int) -> Tensor | None:
        """An operand that may be absent."""
        return self.operands[position] if position < len(self.operands) else None

    @property
    def given(self) -> list[Tensor]:
        """The operands of an operator that has any number of them."""
        return [x for x in self.operands if x is not None]

    def get(self, name: str, default: Any = None) -> Any:
        """An option, or what stands for it in an operator without options."""
        return self.options.get(name, default)
