"""Operators that call subgraphs, with known conditions, and those of variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mgecc.frontends.tensors import Tensor
from mgecc.graph import DType, Unsupported
from mgecc.ops.type_cvt import BitCastAttrs

from .constants import type_of
from .model import Operator

if TYPE_CHECKING:
    from .frame import Frame

_MOST_STEPS = 4096


def _decided(x: Tensor) -> bool:
    if x.array is None or x.array.size != 1:
        raise Unsupported(
            "its condition is computed from the model's data", "make what decides it a constant"
        )
    return bool(x.array.reshape(-1)[0])


def _if(frame: Frame, operator: Operator, operands: Sequence[Tensor]) -> Sequence[Tensor]:
    word = "then" if _decided(operands[0]) else "else"
    number = operator.options[f"{word}_subgraph_index"]
    return frame.call(number, operands[1:], f"the {word} branch of {operator.type}")


def _while(frame: Frame, operator: Operator, operands: Sequence[Tensor]) -> Sequence[Tensor]:
    """Unrolled."""
    condition, body = (operator.options[f"{word}_subgraph_index"] for word in ("cond", "body"))
    values = list(operands)
    for step in range(_MOST_STEPS):
        (goes_on,) = frame.call(condition, values, f"the condition of {operator.type}")
        if not _decided(goes_on):
            return values
        values = frame.call(body, values, f"step {step} of {operator.type}")
        if len(values) != len(operands):
            raise Unsupported(f"its body gives {len(values)} results for {len(operands)} operands")
    raise Unsupported(f"the loop has more than {_MOST_STEPS} steps")


def _call_once(frame: Frame, operator: Operator, operands: Sequence[Tensor]) -> Sequence[Tensor]:
    number = operator.options["init_subgraph_index"]
    frame.call(number, [], f"the subgraph of {operator.type}", initialises=True)
    return []


def _var_handle(frame: Frame, operator: Operator, operands: Sequence[Tensor]) -> Sequence[Tensor]:
    """A handle is the number of its variable."""
    parts = (operator.options["container"], operator.options["shared_name"])
    number = frame.work.variables.handle("/".join(filter(None, parts)))
    return [frame.work.t.constant(np.array(number, np.int32))]


def _read(frame: Frame, operator: Operator, operands: Sequence[Tensor]) -> Sequence[Tensor]:
    variable = frame.work.variables.of_handle(operands[0])
    stored = frame.graph.tensors[operator.outputs[0]]
    variable.declare(stored.shape, type_of(stored))
    return [variable.read(frame.work.t)]


def _assign(frame: Frame, operator: Operator, operands: Sequence[Tensor]) -> Sequence[Tensor]:
    handle, value = operands
    variable = frame.work.variables.of_handle(handle)
    if frame.initialises:
        variable.initial = value.known
        variable.declare(value.shape, value.dtype)
        return []
    if variable.shape is not None and value.shape != variable.shape:
        raise Unsupported(f"it assigns {list(value.shape)} to a variable of {list(variable.shape)}")
    variable.current = value if variable.dtype is None else _as(frame, value, variable.dtype)
    return []


def _as(frame: Frame, value: Tensor, dtype: DType) -> Tensor:
    """The stored numbers as ones of another type; files state scales of variables only nearly the same everywhere."""
    if value.dtype == dtype:
        return value
    return frame.work.t.one("BitCast", BitCastAttrs(dtype), value, shape=value.shape)


OPERATORS: dict[str, Callable[[Frame, Operator, Sequence[Tensor]], Sequence[Tensor]]] = {
    "IF": _if,
    "WHILE": _while,
    "CALL_ONCE": _call_once,
    "VAR_HANDLE": _var_handle,
    "READ_VARIABLE": _read,
    "ASSIGN_VARIABLE": _assign,
}
