"""A node of an ONNX file, as rules read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from mgecc.frontends.node import FileNode
from mgecc.frontends.tensors import Tensor
from mgecc.graph import Unsupported

_KINDS: Mapping[type, Any] = {int: int, float: int | float, str: str}


@dataclass(frozen=True)
class OnnxNode(FileNode):
    """``op``: its type, with the domain before it where that is not ONNX's own. ``operands``: None where absent.

    ``outputs``: names of its results, empty where nobody asks for them.
    """

    remedy: ClassVar[str] = "check the file with onnx.checker"
    op: str
    operands: Sequence[Tensor | None]
    attrs: Mapping[str, Any] = field(default_factory=dict)
    outputs: tuple[str, ...] = ("",)

    def get(self, name: str, default: Any) -> Any:
        """An attribute, or what stands for it where it is not stated; Unsupported if it is of another kind."""
        value = self.attrs.get(name, default)
        kind = _KINDS.get(type(default), object)
        if not isinstance(value, kind):
            raise Unsupported(f"its attribute {name} is not of the kind of {default!r}", self.remedy)
        return value

    def require(self, name: str) -> Any:
        """An attribute that must be stated."""
        if name not in self.attrs:
            raise Unsupported(f"its attribute {name} is missing", self.remedy)
        return self.attrs[name]

    def wants(self, position: int) -> bool:
        """Whether a result is asked for."""
        return position < len(self.outputs) and bool(self.outputs[position])

    def refuse(self, position: int, what: str, advice: str = "") -> None:
        """Unsupported where a result is asked for that is not made."""
        if self.wants(position):
            raise Unsupported(f"its result {position}, {what}, is not supported", advice)
