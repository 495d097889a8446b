"""What nodes of all files with tensors have in common, as rules read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from mgecc.graph import Unsupported

from .tensors import Tensor


class FileNode:
    """A node with ``operands``, None where absent; ``remedy``: what to do about one that nothing writes."""

    operands: Sequence[Tensor | None]
    remedy: ClassVar[str]

    def operand(self, position: int) -> Tensor:
        """An operand that must be there."""
        found = self.optional(position)
        if found is None:
            raise Unsupported(f"its operand {position} is missing", self.remedy)
        return found

    def optional(self, position: int) -> Tensor | None:
        """An operand that may be absent."""
        return self.operands[position] if position < len(self.operands) else None

    @property
    def given(self) -> list[Tensor]:
        """The operands of an operator that has any number of them."""
        return [x for x in self.operands if x is not None]
