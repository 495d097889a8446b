"""What a file says of the shapes of its inputs."""

from __future__ import annotations

from typing import Any

from .library import guarded, onnx


def dims_of(value: Any) -> list[int | str] | None:
    """Sizes of an input; open ones by the name that they have, or "". None if the file does not even say how many."""
    type_ = value.type.tensor_type
    if not type_.HasField("shape"):
        return None
    return [
        str(d.dim_param)
        if d.WhichOneof("value") != "dim_value"
        else int(d.dim_value)
        if d.dim_value > 0
        else ""
        for d in type_.shape.dim
    ]


def open_inputs(data: bytes) -> dict[str, tuple[int | str, ...] | None]:
    """Inputs whose shapes are open, see ``frontends.open_inputs``. Raises OnnxError."""
    model: Any = onnx.ModelProto()
    with guarded("reading it as an ONNX model"):
        model.ParseFromString(data)
    constants = {tensor.name for tensor in model.graph.initializer}
    found = {value.name: dims_of(value) for value in model.graph.input if value.name not in constants}
    return {
        name: None if dims is None else tuple(dims)
        for name, dims in found.items()
        if dims is None or any(isinstance(n, str) for n in dims)
    }
