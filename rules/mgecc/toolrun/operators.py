"""A single operator described in words, as a graph: ``mgecc kernel --operator``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import numpy as np

from mgecc import ops
from mgecc.compiler import plan_imported
from mgecc.config import ModelConfig
from mgecc.errors import InputError
from mgecc.graph import Attributes, Diagnostics, DType, Graph, Node, TensorType, Unsupported, Value
from mgecc.lowering import Lowering
from mgecc.planner import Program
from mgecc.targets import Target, nearest
from mgecc.toolrun.products import user_errors

_FORM = "1,3,32,32 or const:8,3,3,3, each with :TYPE[:SCALE] where it is not float32"


def operator_graph(name: str, operands: Sequence[str], attrs: Sequence[str]) -> Graph:
    """One node between inputs and outputs. ``operands``: "[const:]SHAPE[:TYPE[:SCALE]]"; ``attrs``: "KEY=VALUE".

    Constants hold random numbers. Raises InputError, and TargetError for a name that there is not.
    """
    known = [operator.name for operator in ops.operators()]
    if name not in known:
        raise nearest(name, known, "operator")
    values = [_operand(text, f"x{k}") for k, text in enumerate(operands)]
    try:
        node = Node(name, name.lower(), _attributes(name, attrs), values, origin=f"operator {name}")
        ops.check_node(node)
    except Unsupported as error:  # its advice is for model files
        raise InputError(f"{name}: these operands and attributes do not make one: {error.why}") from None
    try:
        node.outputs = [Value(f"y{k}", kind, node) for k, kind in enumerate(ops.infer(node))]
    except Unsupported as error:
        raise InputError(f"{name}: {error.why}; {error.advice}".rstrip("; ")) from None
    except (LookupError, TypeError, ValueError, AttributeError, AssertionError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{name}: these operands and attributes do not make one ({why})") from None
    outputs = [(value.name, value) for value in node.outputs]
    return Graph(name.lower(), [value for value in values if not value.is_const], [node], outputs)


def _operand(text: str, name: str) -> Value:
    words = text.removeprefix("const:").split(":")
    try:
        shape = tuple(int(size) for size in words[0].split(","))
        dtype = DType(words[1] if len(words) > 1 else "float32", float(words[2]) if len(words) > 2 else None)
        kind = TensorType(shape, dtype.narrow)
        if kind.dtype != dtype:
            raise ValueError("constants of files alone have it")
    except ValueError:
        raise InputError(f"the operand {text!r} is not written like {_FORM}") from None
    if min(shape) < 1 or np.prod(shape, dtype=float) > 1 << 26:
        raise InputError(f"the operand {text!r} is too large, or empty")
    numbers = np.random.default_rng(0).uniform(-1, 1, shape) * (1 if dtype.is_float else 100)
    return Value(name, kind, const=numbers.astype(dtype.numpy) if text.startswith("const:") else None)


def _attributes(name: str, given: Sequence[str]) -> Attributes:
    """Attributes of the operator's class, with their defaults."""
    known = {f.name: f.default for f in fields(ops.find(name).Attributes)}
    stated = dict(map(_attribute, given))
    for key in stated:
        if key not in known:
            raise nearest(key, sorted(known), f"attribute of {name}")
    missing = [key for key, value in known.items() if value is MISSING and key not in stated]
    if missing:
        raise InputError(f"{name} needs --attrs {missing[0]}=...")
    return ops.attributes_of(name, stated)


def _attribute(text: str) -> tuple[str, Any]:
    key, sign, value = text.partition("=")
    if not sign:
        raise InputError(f"the attribute {text!r} is not written like stride=[2,2]")
    try:
        return key, _tuples(json.loads(value))
    except ValueError:
        return key, value


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def plan_operator(graph: Graph, target: Target, goal: str = "") -> tuple[Program, ...]:
    """Programs of a graph, one for each kernel set of the target. Raises InputError."""
    nowhere = Path(graph.name)
    config = ModelConfig(nowhere, graph.name, nowhere, optimize=goal or "speed")
    with user_errors(graph.name):
        return plan_imported(config, target, [Lowering(graph, Diagnostics(graph.name))])
