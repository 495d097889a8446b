"""Lists of tensors and tensors that may be absent, as far as the file alone decides what they hold: nothing of them
is left in the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mgecc.frontends.tensors import Tensor
from mgecc.graph import Unsupported
from mgecc.ops.known import axis_of

from .library import attribute

if TYPE_CHECKING:
    from .importer import OnnxImporter, Scope


@dataclass(frozen=True)
class TensorList:
    """A sequence of the file's, or an optional, which is one with an element or none."""

    items: tuple[Any, ...]

    def at(self, position: int, past: int = 0) -> int:
        """A position counted from the first; ``past``: how many places behind the last there are."""
        count = len(self.items)
        if not -count <= position < count + past:
            raise Unsupported(f"a sequence of {count} tensors has no element {position}")
        return position + count if position < 0 else position


_MOST_PARTS = 1 << 16

Operator = Callable[["OnnxImporter", Any, "Scope"], Sequence[Any]]
OPERATORS: dict[str, Operator] = {}


def _operator(name: str) -> Callable[[Operator], Operator]:
    def register(function: Operator) -> Operator:
        OPERATORS[name] = function
        return function

    return register


def _operands(proto: Any, scope: Scope) -> list[Any]:
    return [scope[name] if name else None for name in proto.input]


def _list(proto: Any, scope: Scope) -> TensorList:
    found = scope[proto.input[0]]
    if not isinstance(found, TensorList):
        raise Unsupported(f"its operand {proto.input[0]} is no sequence", "check the file with onnx.checker")
    return found


def _position(proto: Any, scope: Scope, operand: int, default: int) -> int:
    given = len(proto.input) > operand and proto.input[operand]
    return int(scope[proto.input[operand]].integers[0]) if given else default


@_operator("SequenceEmpty")
def _empty(work: OnnxImporter, proto: Any, scope: Scope) -> Sequence[Any]:
    return [TensorList(())]


@_operator("SequenceConstruct")
def _construct(work: OnnxImporter, proto: Any, scope: Scope) -> Sequence[Any]:
    return [TensorList(tuple(_operands(proto, scope)))]


@_operator("SequenceInsert")
def _insert(work: OnnxImporter, proto: Any, scope: Scope) -> Sequence[Any]:
    found = _list(proto, scope)
    at = found.at(_position(proto, scope, 2, len(found.items)), past=1)
    return [TensorList((*found.items[:at], scope[proto.input[1]], *found.items[at:]))]


@_operator("SequenceErase")
def _erase(work: OnnxImporter, proto: Any, scope: Scope) -> Sequence[Any]:
    found = _list(proto, scope)
    at = found.at(_position(proto, scope, 1, -1))
    return [TensorList(found.items[:at] + found.items[at + 1 :])]


@_operator("SequenceAt")
def _at(work: OnnxImporter, proto: Any, scope: Scope) -> Sequence[Any]:
    found = _list(proto, scope)
    return [found.items[found.at(_position(proto, scope, 1, -1))]]


@_operator("SequenceLength")
def _length(work: OnnxImporter, proto: Any, scope: Scope) -> Sequence[Any]:
    return [work.t.constant(np.array(len(_list(proto, scope).items), np.int64))]


@_operator("SplitToSequence")
def _split(work: OnnxImporter, proto: Any, scope: Scope) -> Sequence[Any]:
    """Parts of one size, of which the last may be smaller, of stated ones, or single ones without their axis."""
    x, sizes = _operands(proto, scope) if len(proto.input) > 1 else (scope[proto.input[0]], None)
    axis = axis_of(int(attribute(proto, "axis", 0)), x.rank)
    parts = work.t.split(x, axis, _sizes(x.shape[axis], sizes))
    if sizes is None and not attribute(proto, "keepdims", 1):
        parts = [work.t.squeeze(part, [axis]) for part in parts]
    return [TensorList(tuple(parts))]


def _sizes(total: int, stated: Tensor | None) -> list[int]:
    if stated is not None and stated.rank:
        return stated.integers
    each = 1 if stated is None else stated.integers[0]
    if each < 1:
        raise Unsupported(f"parts of size {each} do not exist")
    if total // each > _MOST_PARTS:
        raise Unsupported(f"a sequence of {total // each} tensors is too long")
    return [each] * (total // each) + [total % each] * (total % each > 0)


@_operator("ConcatFromSequence")
def _concat(work: OnnxImporter, proto: Any, scope: Scope) -> Sequence[Any]:
    items = _list(proto, scope).items
    if not items:
        raise Unsupported("a sequence without tensors is joined")
    axis = int(attribute(proto, "axis", 0))
    if attribute(proto, "new_axis", 0):
        items = tuple(work.t.unsqueeze(x, [axis]) for x in items)
    return [work.t.concat(items, axis)]


@_operator("Optional")
def _optional(work: OnnxImporter, proto: Any, scope: Scope) -> Sequence[Any]:
    return [TensorList(tuple(x for x in _operands(proto, scope) if x is not None))]


@_operator("OptionalHasElement")
def _has_element(work: OnnxImporter, proto: Any, scope: Scope) -> Sequence[Any]:
    """A tensor is there; an input that is left out is not."""
    found = next(iter(_operands(proto, scope)), None)
    there = bool(found.items) if isinstance(found, TensorList) else found is not None
    return [work.t.constant(np.array(there))]


@_operator("OptionalGetElement")
def _get_element(work: OnnxImporter, proto: Any, scope: Scope) -> Sequence[Any]:
    found = scope[proto.input[0]]
    if isinstance(found, TensorList) and not found.items:
        raise Unsupported("an optional without an element is read")
    return [found.items[0] if isinstance(found, TensorList) else found]
