"""What a file says of its inputs, before it is imported."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from .library import guarded, onnx
from .stored import parse

_FEW = 16
"""Elements up to which an input is taken for a setting that decides something."""
_SHAPES_ONLY = ("Shape", "Size")
"""Operators that do not look at the numbers."""

Dims = tuple[int | str, ...]


def dims_of(value: Any) -> list[int | str] | None:
    """Sizes of an input; open ones by the name that they have, or "". None if the file does not even say how many.

    Some writers say -1 where a size is open.
    """
    type_ = value.type.tensor_type
    if not type_.HasField("shape"):
        return None
    return [_dim(d) for d in type_.shape.dim]


def _dim(dim: Any) -> int | str:
    if dim.WhichOneof("value") != "dim_value":
        return str(dim.dim_param)
    return int(dim.dim_value) if dim.dim_value >= 0 else ""


def _graph(data: bytes) -> Any:
    model, _ = parse(data)
    return model.graph


def _fed(graph: Any) -> list[Any]:
    """Inputs that are no constants."""
    constants = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in constants]


def open_inputs(data: bytes) -> dict[str, Dims | None]:
    """Inputs whose shapes are open, see ``frontends.open_inputs``. Raises OnnxError.

    A size of 0 is one; but some writers mean an open one, so that recorded arrays may say otherwise.
    """
    found = {value.name: dims_of(value) for value in _fed(_graph(data))}
    return {
        name: None if dims is None else tuple(n or "" for n in dims)
        for name, dims in found.items()
        if dims is None or any(isinstance(n, str) or n == 0 for n in dims)
    }


def declared_inputs(data: bytes) -> dict[str, tuple[Dims, np.dtype[Any]]]:
    """Sizes and element types of the inputs, in the file's order. Raises OnnxError."""
    found = {}
    for value in _fed(_graph(data)):
        with guarded(f"reading the input {value.name}"):
            dtype = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        found[value.name] = tuple(dims_of(value) or ()), dtype
    return found


def deciding_inputs(data: bytes) -> list[str]:
    """Inputs of a few integers or bools on which conditions and numbers of steps depend. Raises OnnxError."""
    graph = _graph(data)
    makers = {name: node for node in graph.node for name in node.output}
    rest, seen = list(_deciding(graph)), set[str]()
    while rest:
        name = rest.pop()
        if name not in seen:
            seen.add(name)
            node = makers.get(name)
            rest += node.input if node is not None and node.op_type not in _SHAPES_ONLY else []
    return [value.name for value in _fed(graph) if value.name in seen and _is_setting(value)]


def _deciding(graph: Any) -> Iterator[str]:
    """What conditions of If and Loop, and numbers of steps, are read from, in subgraphs too."""
    for node in graph.node:
        if node.op_type in ("If", "Loop"):
            yield from node.input[: 2 if node.op_type == "Loop" else 1]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _deciding(attribute.g)


def _is_setting(value: Any) -> bool:
    dims = dims_of(value)
    if dims is None or any(isinstance(n, str) for n in dims) or prod(map(int, dims)) > _FEW:
        return False
    with guarded(f"reading the input {value.name}"):
        return onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type).kind in "biu"
