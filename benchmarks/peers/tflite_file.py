"""The file format of LiteRT, with the schema of its wheel: tensors and operators are added one by one, then written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flatbuffers  # type: ignore[import-not-found]
import numpy as np
from ai_edge_litert import schema_py_generated as schema  # type: ignore[import-not-found]

_TYPES = {"float32": "FLOAT32", "int8": "INT8", "int32": "INT32"}
_VERSION = 3


@dataclass(frozen=True)
class Unit:
    """What an integer stands for: scale * (integer - zero), or with several scales one for each place of ``axis``."""

    scale: tuple[float, ...]
    zero: int = 0
    axis: int = 0

    def table(self) -> Any:
        parameters = schema.QuantizationParametersT()
        parameters.scale, parameters.zeroPoint = list(self.scale), [self.zero] * len(self.scale)
        parameters.quantizedDimension = self.axis
        return parameters


class TfliteFile:
    """A model with one graph. Tensors are known by their numbers; options of operators have the schema's names."""

    def __init__(self) -> None:
        self.graph, self.buffers = schema.SubGraphT(), [schema.BufferT()]
        self.graph.tensors, self.graph.operators, self.codes = [], [], dict[str, int]()

    def tensor(self, name: str, shape: tuple[int, ...], dtype: str, unit: Unit | None = None) -> int:
        made = schema.TensorT()
        made.name, made.shape, made.type = name, list(shape), getattr(schema.TensorType, _TYPES[dtype])
        made.buffer, made.quantization = 0, unit.table() if unit else None
        self.graph.tensors.append(made)
        return len(self.graph.tensors) - 1

    def constant(self, name: str, array: np.ndarray, unit: Unit | None = None) -> int:
        number, buffer = self.tensor(name, array.shape, str(array.dtype), unit), schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)
        self.graph.tensors[number].buffer = len(self.buffers)
        self.buffers.append(buffer)
        return number

    def operator(
        self, kind: str, inputs: list[int], outputs: list[int], options: str = "", **given: Any
    ) -> None:
        """``kind``: of BuiltinOperator; ``options``: a table of BuiltinOptions with these members."""
        made = schema.OperatorT()
        made.opcodeIndex = self.codes.setdefault(kind, len(self.codes))
        made.inputs, made.outputs = inputs, outputs
        if options:
            made.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            made.builtinOptions = getattr(schema, f"{options}T")()
            vars(made.builtinOptions).update(given)
        self.graph.operators.append(made)

    def write(self, path: Path, inputs: list[int], outputs: list[int]) -> None:
        model = schema.ModelT()
        self.graph.inputs, self.graph.outputs = inputs, outputs
        model.version, model.subgraphs, model.buffers = _VERSION, [self.graph], self.buffers
        model.operatorCodes = [self._code(kind) for kind in self.codes]
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        path.write_bytes(builder.Output())

    def _code(self, kind: str) -> Any:
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
        return code
