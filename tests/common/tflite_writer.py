"""Writes small TensorFlow Lite files for tests, through the table of fields that the reader has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flatbuffer_writer import Field, Scalar, Scalars, Table, flatbuffer
from mgecc.frontends.tflite.schema import ENUMERATED, UNIONS, schema

_LAYOUTS = {
    "bool": "?", "int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I",
    "int64": "q", "uint64": "Q", "float32": "f", "float64": "d",
}  # fmt: skip


def numbers_of(enumeration: str) -> dict[str, int]:
    """The numbers of words."""
    return {word: number for number, word in schema()[0][enumeration].items()}


def record(kind: str, **fields: Any) -> Table:
    """A table of the schema. A union is given as (kind, its table), an enumerated number as its word."""
    table = Table()
    for name, value in fields.items():
        stated = schema()[1][kind][name]
        if stated.type == "union":
            table[stated.number - 1] = Scalar("B", numbers_of(UNIONS[name])[value[0]])
            value = value[1]
        table[stated.number] = _field(stated.type, name, value)
    return table


def _field(type_: str, name: str, value: Any) -> Field:
    if type_ in _LAYOUTS:
        return Scalar(_LAYOUTS[type_], _number(name, value))
    inner = type_.strip("[]")
    if type_.startswith("[") and inner in _LAYOUTS and not isinstance(value, bytes):
        return Scalars(_LAYOUTS[inner], value)
    assert isinstance(value, Table | bytes | str | list)
    return value


def tflite_bytes(root: Table) -> bytes:
    """The file of a table of the kind Model."""
    return flatbuffer(root, b"TFL3")


def _number(name: str, value: Any) -> Any:
    return numbers_of(ENUMERATED.get(name, "TensorType"))[value] if isinstance(value, str) else value


@dataclass
class Graph:
    """Tensors and operators of one subgraph."""

    tensors: list[Table] = field(default_factory=list)
    operators: list[Table] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)


class TfliteFile:
    """A file that grows; tensors are known by their numbers. ``graph``: the subgraph that they are added to."""

    def __init__(self) -> None:
        self.graph = Graph()
        self.graphs = [self.graph]
        self.buffers = [record("Buffer")]
        self.codes: dict[tuple[str, int], Table] = {}
        self.signature: dict[str, Any] = {}

    def subgraph(self) -> int:
        """Begin another subgraph; its number."""
        self.graph = Graph()
        self.graphs.append(self.graph)
        return len(self.graphs) - 1

    def tensor(
        self,
        shape: Sequence[int],
        type: str = "FLOAT32",
        name: str = "",
        scale: Sequence[float] = (),
        zero: Sequence[int] = (),
        axis: int = 0,
        **fields: Any,
    ) -> int:
        """A tensor; with scales it is quantised."""
        if scale:
            fields["quantization"] = record(
                "QuantizationParameters",
                scale=scale,
                zero_point=zero or [0] * len(scale),
                quantized_dimension=axis,
            )
        name = name or f"t{len(self.graph.tensors)}"
        self.graph.tensors.append(record("Tensor", shape=list(shape), type=type, name=name, **fields))
        return len(self.graph.tensors) - 1

    def input(self, name: str, shape: Sequence[int], type: str = "FLOAT32", **fields: Any) -> int:
        """A tensor that is an input of the graph."""
        self.graph.inputs.append(self.tensor(shape, type, name, **fields))
        return self.graph.inputs[-1]

    def constant(self, array: Any, type: str = "", data: bytes | None = None, **fields: Any) -> int:
        """A tensor with numbers; ``data``: as they lie, where they are packed."""
        array = np.asarray(array)
        if array.dtype == np.int64 and not type:
            array = array.astype(np.int32)
        if array.dtype == np.float64 and not type:
            array = array.astype(np.float32)
        return self.tensor(
            array.shape,
            type or array.dtype.name.upper(),
            buffer=self.buffer(array.tobytes() if data is None else data),
            **fields,
        )

    def buffer(self, data: bytes) -> int:
        """A place of numbers; its number."""
        self.buffers.append(record("Buffer", data=data))
        return len(self.buffers) - 1

    def op(
        self,
        type: str,
        inputs: Sequence[int],
        *outputs: int,
        options: tuple[str, Mapping[str, Any]] | None = None,
        version: int = 1,
        custom: bytes | None = None,
    ) -> int:
        """An operator; ``custom``: the options of one of the application's, else ``options`` by their table's name.
        Gives the first result.
        """
        code = self._code(type, version, custom is not None)
        fields: dict[str, Any] = {"opcode_index": code, "inputs": list(inputs), "outputs": list(outputs)}
        if options is not None:
            kind, values = options
            side = "builtin_options" if kind in numbers_of("BuiltinOptions") else "builtin_options2"
            fields[side] = (kind, record(kind, **values))
        if custom:
            fields["custom_options"] = custom
        self.graph.operators.append(record("Operator", **fields))
        return outputs[0] if outputs else -1

    def _code(self, type: str, version: int, custom: bool) -> int:
        number = numbers_of("BuiltinOperator")["CUSTOM" if custom else type]
        fields: dict[str, Any] = {"custom_code": type} if custom else {}
        made = record(
            "OperatorCode",
            deprecated_builtin_code=min(number, 127),
            builtin_code=number,
            version=version,
            **fields,
        )
        self.codes.setdefault((type, version), made)
        return list(self.codes).index((type, version))

    def sign(self, inputs: Mapping[str, int], outputs: Mapping[str, int]) -> None:
        """Give inputs and outputs of the first graph other names."""
        inside, outside = (
            [record("TensorMap", name=name, tensor_index=number) for name, number in side.items()]
            for side in (inputs, outputs)
        )
        self.signature = {"signature_defs": [record("SignatureDef", inputs=inside, outputs=outside)]}

    def bytes(self, *outputs: int) -> bytes:
        """The file; ``outputs``: of the first graph."""
        return tflite_bytes(self.root(*outputs))

    def root(self, *outputs: int) -> Table:
        """The file as a table, see ``bytes``."""
        self.graphs[0].outputs = list(outputs) or self.graphs[0].outputs
        return record(
            "Model",
            version=3,
            operator_codes=list(self.codes.values()),
            subgraphs=[
                record(
                    "SubGraph", tensors=g.tensors, inputs=g.inputs, outputs=g.outputs, operators=g.operators
                )
                for g in self.graphs
            ],
            buffers=self.buffers,
            **self.signature,
        )
