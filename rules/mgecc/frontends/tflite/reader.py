"""From the bytes of a TensorFlow Lite file to records. Every offset, number and size is checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from mgecc.frontends.flatbuffer import Budget, Buffer

from .errors import TfliteError
from .model import Operator, Quantization, StoredTensor, SubGraph, TfliteModel
from .schema import Record, word

IDENTIFIER = b"TFL3"
_PLACE = 4
_VERSION = 3
_MAX_RANK = 8
_MOST_ELEMENTS = 1 << 31
_CUSTOM = "CUSTOM"
_PLACEHOLDER = 127
"""In the old field of operator codes: the number stands in the new one."""


def recognises(data: bytes | memoryview) -> bool:
    """Whether bytes are a TensorFlow Lite model."""
    return bytes(data[_PLACE : _PLACE + 4]) == IDENTIFIER


def read_tflite(data: bytes) -> TfliteModel:
    """The records of a file. Raises TfliteError."""
    view = memoryview(data).cast("B")
    root = Record("Model", Buffer(view, 0, len(view), Budget(len(view), TfliteError)).root())
    version = root.get("version")
    if version != _VERSION:
        raise TfliteError(
            f"schema version {version} is not supported, version {_VERSION} is", root.table.position
        )
    reader = _Reader(view, root)
    graphs = [reader.graph(record) for record in root.get("subgraphs")]
    if not graphs:
        raise TfliteError("the model has no graph", root.table.position)
    return TfliteModel(graphs, *_signature(root))


@dataclass
class _Reader:
    data: memoryview
    root: Record

    def __post_init__(self) -> None:
        self.buffers: list[Record] = self.root.get("buffers")
        self.codes = [self._code(record) for record in self.root.get("operator_codes")]

    @staticmethod
    def _code(record: Record) -> tuple[str, bool, int]:
        number = max(record.get("builtin_code"), record.get("deprecated_builtin_code"))
        name = word("BuiltinOperator", number)
        is_custom = name == _CUSTOM
        return (record.get("custom_code") or name) if is_custom else name, is_custom, record.get("version")

    def graph(self, record: Record) -> SubGraph:
        tensors = [self._tensor(t) for t in record.get("tensors")]
        inputs, outputs = record.get("inputs"), record.get("outputs")
        _check_numbers((*inputs, *outputs), len(tensors), record, least=0)
        operators = [self._operator(o, len(tensors)) for o in record.get("operators")]
        return SubGraph(record.get("name"), tensors, inputs, outputs, operators)

    def _tensor(self, record: Record) -> StoredTensor:
        shape = record.get("shape")
        if len(shape) > _MAX_RANK or any(n < -1 for n in shape) or prod(map(abs, shape)) >= _MOST_ELEMENTS:
            raise TfliteError(f"a tensor has the shape {list(shape)}", record.table.position)
        return StoredTensor(
            name=record.get("name"),
            shape=shape,
            signature=record.get("shape_signature"),
            type=word("TensorType", record.get("type")),
            data=self._data(record),
            quantization=_quantization(record.get("quantization")),
            is_variable=record.get("is_variable"),
            sparsity=record.get("sparsity"),
            offset=record.table.position,
        )

    def _data(self, record: Record) -> memoryview | None:
        number = record.get("buffer")
        if number == 0 and not self.buffers:
            return None
        if number >= len(self.buffers):
            raise TfliteError(
                f"a tensor has its numbers in buffer {number}, which there is not", record.table.position
            )
        buffer = self.buffers[number]
        start, size = buffer.get("offset"), buffer.get("size")
        if start > 1:  # behind the FlatBuffer, as large files have it; 0 and 1 mean that there is none
            if start + size > len(self.data):
                raise TfliteError(
                    f"the numbers of a tensor end at byte {start + size}", record.table.position
                )
            return self.data[start : start + size]
        octets: memoryview | None = buffer.get("data")
        return octets if octets is not None and len(octets) else None

    def _operator(self, record: Record, count: int) -> Operator:
        number = record.get("opcode_index")
        if number >= len(self.codes):
            raise TfliteError(f"an operator has code {number}, which there is not", record.table.position)
        name, is_custom, version = self.codes[number]
        inputs, outputs = record.get("inputs"), record.get("outputs")
        _check_numbers(inputs, count, record, least=-1)
        _check_numbers(outputs, count, record, least=0)
        options = record.get("builtin_options") or record.get("builtin_options2")
        return Operator(
            type=name,
            is_custom=is_custom,
            version=version,
            inputs=inputs,
            outputs=outputs,
            options=options.options() if options else {},
            custom_options=bytes(record.get("custom_options") or b""),
            offset=record.table.position,
        )


def _check_numbers(numbers: Sequence[int], count: int, record: Record, least: int) -> None:
    wrong = next((n for n in numbers if not least <= n < count), None)
    if wrong is not None:
        raise TfliteError(f"tensor {wrong} is used, there are {count}", record.table.position)


def _quantization(record: Record | None) -> Quantization | None:
    """None where there is no scale."""
    if record is None or not record.get("scale"):
        return None
    scale, zero = record.get("scale"), record.get("zero_point") or (0,)
    if len(zero) == 1:
        zero = zero * len(scale)
    if len(zero) != len(scale):
        raise TfliteError(
            f"a tensor has {len(scale)} scales and {len(zero)} zero points", record.table.position
        )
    if not all(0 <= s < float("inf") for s in scale):
        raise TfliteError(f"a tensor has the scale {min(scale)}", record.table.position)
    return Quantization(scale, zero, record.get("quantized_dimension"))


def _signature(root: Record) -> tuple[dict[int, str], dict[int, str]]:
    """Names of inputs and outputs that the signature of the first graph gives, by tensor number."""
    found = next((s for s in root.get("signature_defs") if s.get("subgraph_index") == 0), None)
    if found is None:
        return {}, {}
    inputs, outputs = (
        {m.get("tensor_index"): m.get("name") for m in found.get(side)} for side in ("inputs", "outputs")
    )
    return inputs, outputs
