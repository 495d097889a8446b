"""If, Loop and Scan, taken apart: the condition and the number of steps must be known."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mgecc.frontends.tensors import Tensor, bind_advice
from mgecc.graph import Unsupported
from mgecc.ops.known import axis_of

from .library import attribute
from .stored import Constant

if TYPE_CHECKING:
    from .importer import OnnxImporter, Scope

_MOST_STEPS = 4096


class AlreadyTold(Exception):
    """A node cannot be made because of problems inside of it, which are told."""


def _run(
    work: OnnxImporter, graph: Any, given: Sequence[Tensor | None], scope: Scope, place: str
) -> list[Tensor]:
    """The outputs of a subgraph whose inputs are ``given``; its nodes see the names around it."""
    own: Scope = {value.name: x for value, x in zip(graph.input, given) if x is not None}
    inner = ChainMap(own, scope)
    outside, work.place = work.place, f"{work.place} in {place}"
    try:
        work.spend()
        with work.nested():
            for tensor in graph.initializer:
                own[tensor.name] = work.constant(Constant(tensor))
            work.import_nodes(graph, inner)
    finally:
        work.place = outside
    missing = [value.name for value in graph.output if value.name not in inner]
    if work.build.problems.problems and not work.told.isdisjoint(missing):
        raise AlreadyTold
    if missing:
        raise Unsupported(f"nothing inside of it gives {missing[0]}", "check the file with onnx.checker")
    return [inner[value.name] for value in graph.output]


_MOST_NODES = 64
"""Nodes of a branch that is computed although it may not be the one that is taken."""


def _decided(x: Tensor, what: str) -> bool:
    if x.array is None:
        raise Unsupported(f"its {what} is computed from the model's data", bind_advice(x))
    return bool(x.array.reshape(-1)[0])


def _if(work: OnnxImporter, proto: Any, scope: Scope) -> Sequence[Tensor]:
    condition: Tensor = scope[proto.input[0]]
    if condition.array is None:
        return _either(work, proto, condition, scope)
    return _branch(work, proto, "then_branch" if _decided(condition, "condition") else "else_branch", scope)


def _branch(work: OnnxImporter, proto: Any, name: str, scope: Scope) -> list[Tensor]:
    return _run(work, attribute(proto, name), [], scope, f"{name} of {proto.name or proto.op_type}")


def _either(work: OnnxImporter, proto: Any, condition: Tensor, scope: Scope) -> list[Tensor]:
    """The results of small branches, both computed, of which the condition chooses when the model runs."""
    names = ("then_branch", "else_branch")
    if any(len(attribute(proto, name).node) > _MOST_NODES for name in names):
        _decided(condition, "condition")
    holds, otherwise = (_branch(work, proto, name, scope) for name in names)
    kinds = [[(x.shape, x.dtype) if isinstance(x, Tensor) else None for x in xs] for xs in (holds, otherwise)]
    if kinds[0] != kinds[1] or None in kinds[0]:
        _decided(condition, "condition")
    one = work.t.reshape(condition, ())
    return [work.t.where(one, x, y) for x, y in zip(holds, otherwise)]


def _loop(work: OnnxImporter, proto: Any, scope: Scope) -> Sequence[Tensor]:
    """Unrolled: results are the carried values, then what each step gives, joined along a new first axis."""
    count, condition, *carried = [scope[name] if name else None for name in proto.input]
    body, most = attribute(proto, "body"), _most_steps(count, condition)
    goes_on = condition is None or _decided(condition, "condition")
    steps: list[list[Tensor]] = []
    while goes_on and len(steps) < most:
        if len(steps) == _MOST_STEPS:
            raise Unsupported(f"the loop has more than {_MOST_STEPS} steps")
        now = [work.t.constant(np.array(len(steps), np.int64)), work.t.constant(np.array(True)), *carried]
        cond, *results = _run(work, body, now, scope, f"step {len(steps)} of {proto.name or proto.op_type}")
        carried, given = [*results[: len(carried)]], results[len(carried) :]
        steps.append(given)
        # Without a condition of its own the loop runs to its count; what the body says then is not looked at.
        goes_on = _decided(cond, "condition") if condition is not None or count is None else _or_true(cond)
    stacked = [work.t.concat([work.t.unsqueeze(x, [0]) for x in parts], 0) for parts in zip(*steps)]
    return [*(x for x in carried if x is not None), *stacked]


def _most_steps(count: Tensor | None, condition: Tensor | None) -> int:
    """The steps that a loop may take, one more than it is unrolled for where its condition may end it before."""
    most = _MOST_STEPS + 1 if count is None else min(_MOST_STEPS + 1, count.integers[0])
    if count is not None and condition is None and most > _MOST_STEPS:
        raise Unsupported(f"the loop has more than {_MOST_STEPS} steps")
    return most


def _or_true(cond: Tensor) -> bool:
    return True if cond.array is None else bool(cond.array.reshape(-1)[0])


def _scan(work: OnnxImporter, proto: Any, scope: Scope) -> Sequence[Tensor]:
    """Unrolled over the scanned axes."""
    body, scanned = attribute(proto, "body"), int(attribute(proto, "num_scan_inputs"))
    operands = [scope[name] for name in proto.input]
    state, inputs = operands[: len(operands) - scanned], operands[len(operands) - scanned :]
    axes = _numbers(proto, "scan_input_axes", scanned)
    backwards = _numbers(proto, "scan_input_directions", scanned)
    axes = [axis_of(axis, x.rank) for axis, x in zip(axes, inputs)]
    count = int(inputs[0].shape[axes[0]])
    if count > _MOST_STEPS:
        raise Unsupported(f"the scan has {count} steps, more than {_MOST_STEPS}")
    steps: list[list[Tensor]] = []
    for k in range(count):
        now = [_step(work, x, axis, count - 1 - k if b else k) for x, axis, b in zip(inputs, axes, backwards)]
        results = _run(work, body, [*state, *now], scope, f"step {k} of {proto.name or proto.op_type}")
        state = results[: len(state)]
        steps.append(results[len(state) :])
    outputs = list(zip(*steps))
    places = _numbers(proto, "scan_output_axes", len(outputs))
    turned = _numbers(proto, "scan_output_directions", len(outputs))
    return [*state, *(_joined(work, parts, axis, b) for parts, axis, b in zip(outputs, places, turned))]


def _numbers(proto: Any, name: str, count: int) -> list[int]:
    return [int(n) for n in attribute(proto, name, [0] * count)]


def _step(work: OnnxImporter, x: Tensor, axis: int, position: int) -> Tensor:
    return work.t.squeeze(work.t.slice(x, {axis: (position, position + 1, 1)}), [axis])


def _joined(work: OnnxImporter, parts: Sequence[Tensor], axis: int, backwards: int) -> Tensor:
    ordered = list(reversed(parts)) if backwards else list(parts)
    at = axis_of(axis, parts[0].rank + 1)
    return work.t.concat([work.t.unsqueeze(x, [at]) for x in ordered], at)


OPERATORS: dict[str, Callable[[OnnxImporter, Any, Scope], Sequence[Tensor]]] = {
    "If": _if,
    "Loop": _loop,
    "Scan": _scan,
}
