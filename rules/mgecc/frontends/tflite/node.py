"""An operator of a TensorFlow Lite file, as rules read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from mgecc.frontends.node import FileNode
from mgecc.frontends.tensors import Tensor
from mgecc.graph import Unsupported

from .model import StoredTensor


@dataclass(frozen=True)
class TfliteNode(FileNode):
    """``type``: of the operator. ``operands``: None where absent. ``inputs``, ``outputs``: as the file states them."""

    remedy: ClassVar[str] = "convert the model again"
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

    def get(self, name: str, default: Any = None) -> Any:
        """An option that may be missing, or what stands for it."""
        return self.options.get(name, default)

    def require(self, name: str) -> Any:
        """An option that must be stated."""
        if name not in self.options:
            raise Unsupported(f"its option {name} is missing", self.remedy)
        return self.options[name]
