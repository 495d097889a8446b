"""Operators and constants of a TensorFlow Lite file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tflite

_DTYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
}
_NAMES = {value: key for key, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int)}


@dataclass(frozen=True)
class Operator:
    """One operator: its name, the numbers of its tensors, and the file's own record."""

    name: str
    inputs: list[int]
    outputs: list[int]
    record: Any

    def options(self, kind: type) -> Any:
        """The operator's attributes, read as the given table."""
        table = kind()
        raw = self.record.BuiltinOptions()
        table.Init(raw.Bytes, raw.Pos)
        return table


class TfliteFile:
    """The first graph of a file; float16 constants behind DEQUANTIZE operators are taken as float32 ones."""

    def __init__(self, path: Path) -> None:
        self._model = tflite.Model.GetRootAsModel(path.read_bytes(), 0)
        self.graph = self._model.Subgraphs(0)
        every = [self._operator(i) for i in range(self.graph.OperatorsLength())]
        self._source = {op.outputs[0]: op.inputs[0] for op in every if op.name == "DEQUANTIZE"}
        self.operators = [op for op in every if op.name != "DEQUANTIZE"]

    def _operator(self, index: int) -> Operator:
        record = self.graph.Operators(index)
        code = self._model.OperatorCodes(record.OpcodeIndex())
        name = _NAMES[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        return Operator(name, record.InputsAsNumpy().tolist(), record.OutputsAsNumpy().tolist(), record)

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Shape of a tensor, NHWC where it is a picture."""
        table = self.graph.Tensors(tensor)
        return tuple(table.ShapeAsNumpy().tolist()) if table.ShapeLength() else ()

    def constant(self, tensor: int) -> np.ndarray:
        """Value of a constant tensor; float16 becomes float32."""
        tensor = self._source.get(tensor, tensor)
        table = self.graph.Tensors(tensor)
        raw = self._model.Buffers(table.Buffer()).DataAsNumpy()
        array = np.frombuffer(raw.tobytes(), _DTYPES[table.Type()]).reshape(self.shape(tensor))
        return array.astype(np.float32) if array.dtype == np.float16 else array

    def outputs(self) -> dict[str, int]:
        """Number of every output tensor by its name."""
        return {self.graph.Tensors(i).Name().decode(): i for i in self.graph.OutputsAsNumpy().tolist()}
