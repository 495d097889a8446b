"""Builds records one after another: what both containers share once their fields are found."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mgecc.frontends.flatbuffer import Table

from .dtypes import DTypeInfo, read_dtype
from .errors import MgeError
from .model import INPUT_TYPE, Record, StoredTensor, TensorFormat, ValueInfo
from .params import read_params
from .tables import OperatorSpec

MAX_RANK = 7
_MAX_ELEMENTS = 1 << 40
_RECORD_COST = 64
"""Bytes charged for each record beside its tables, so that tiny records cannot fill the memory."""


class OperatorFields(NamedTuple):
    """Field numbers of an Operator table that mean the same in both containers."""

    param: int
    inputs: int
    output_dtype: int
    priority: int
    blobs: int
    name: int


def read_shape(table: Table, field_number: int) -> tuple[int, ...]:
    """A vector of dimensions."""
    shape = table.scalars(field_number, "uint32")
    if len(shape) > MAX_RANK:
        raise MgeError(f"a shape of {len(shape)} dimensions, more than {MAX_RANK}", table.position)
    if math.prod(max(size, 1) for size in shape) > _MAX_ELEMENTS:
        raise MgeError(f"an impossibly large shape {shape}", table.position)
    return shape


def required_dtype(table: Table, field_number: int) -> DTypeInfo:
    """The element type of a tensor, which must be there."""
    dtype = read_dtype(table.table(field_number))
    if dtype is None:
        raise MgeError("a tensor has no element type", table.position)
    return dtype


def stored_tensor(
    table: Table,
    shape: tuple[int, ...],
    dtype: DTypeInfo,
    data: memoryview | None,
    format: TensorFormat | None,
) -> StoredTensor:
    """A tensor whose data, if any, fills its shape exactly; field 0 is the name in both containers."""
    needed = dtype.nbytes(shape)
    if data is not None and len(data) != needed:
        message = f"a tensor of shape {shape} and type {dtype.name} needs {needed} bytes, has {len(data)}"
        raise MgeError(message, table.position)
    if data is not None and not shape:
        raise MgeError("a stored tensor has no shape", table.position)
    return StoredTensor(table.string(0), shape, dtype, data, format, table.position)


@dataclass
class Assembler:
    """Collects records, values and constants; hands out value numbers in file order."""

    fields: OperatorFields
    records: list[Record] = field(default_factory=list)
    values: dict[int, ValueInfo] = field(default_factory=dict)
    constants: dict[int, StoredTensor] = field(default_factory=dict)

    def read_inputs(self, table: Table) -> tuple[int, ...]:
        """The record's inputs; they must be values of earlier records, so there are no cycles."""
        inputs = table.scalars(self.fields.inputs, "uint32")
        if any(value not in self.values for value in inputs):
            raise MgeError("a record uses a value that no earlier record produces", table.position)
        return inputs

    def read_params(self, table: Table, operator: OperatorSpec) -> tuple[str | int | None, dict[str, Any]]:
        """(parameter record, its fields) of the record."""
        return read_params(table, self.fields.param, operator)

    def add(
        self,
        table: Table,
        operator: OperatorSpec,
        version: int,
        tensors: tuple[StoredTensor, ...],
        count: int,
    ) -> Record:
        """Append the record of an Operator table; it takes the next `count` value numbers."""
        table.buffer.budget.spend(_RECORD_COST, table.position)
        param, params = self.read_params(table, operator)
        first = len(self.values)
        record = Record(
            index=len(self.records),
            type=operator.type,
            version=version,
            name=table.string(self.fields.name),
            param=param,
            params=params,
            inputs=self.read_inputs(table),
            outputs=tuple(range(first, first + count)),
            output_dtype=read_dtype(table.table(self.fields.output_dtype)),
            tensors=tensors,
            blobs=tuple(bytes(blob.octets(0) or b"") for blob in table.tables(self.fields.blobs)),
            priority=int(table.scalar(self.fields.priority, "int32")),
            offset=table.position,
            known=operator.known,
        )
        self.records.append(record)
        self.values.update((number, ValueInfo()) for number in record.outputs)
        if operator.stores:
            self._note_stored(record)
        return record

    def _note_stored(self, record: Record) -> None:
        """Describe the outputs of a record that are its own tensors."""
        if len(record.tensors) != len(record.outputs):
            message = f"{record.type} has {len(record.tensors)} tensors for {len(record.outputs)} outputs"
            raise MgeError(message, record.offset)
        _check_stated_count(record)
        for number, tensor in zip(record.outputs, record.tensors, strict=True):
            self.values[number] = ValueInfo(tensor.name, tensor.shape, tensor.dtype)
            if record.type == INPUT_TYPE:
                continue
            if tensor.data is None:
                raise MgeError(f"{record.type} has a tensor without data", record.offset)
            self.constants[number] = tensor

    def describe(self, number: int, info: ValueInfo) -> None:
        """Add what the file says about a value: its name, and what a tensor of its own does not say."""
        old = self.values[number]
        self.values[number] = ValueInfo(
            info.name or old.name, old.shape or info.shape, old.dtype or info.dtype
        )

    def output_names(self, outputs: tuple[int, ...]) -> tuple[str, ...]:
        """Names of outputs; one that is an input goes by the input's name, as in MegEngine."""
        inputs = {r.outputs[0]: r.tensors[0].name for r in self.records if r.type == INPUT_TYPE}
        return tuple(inputs.get(number) or self.values[number].name for number in outputs)

    def check_outputs(self, outputs: tuple[int, ...], position: int) -> None:
        """The model must have outputs, all of them values of its records."""
        if not outputs:
            raise MgeError("the model has no outputs", position)
        if any(number not in self.values for number in outputs):
            raise MgeError("an output is a value that no record produces", position)


def _check_stated_count(record: Record) -> None:
    """Blob 0 of a tensor holder, where written, repeats the number of tensors."""
    if record.type != "MultipleDeviceTensorHolder" or not record.blobs:
        return
    stated = struct.unpack("<I", record.blobs[0])[0] if len(record.blobs[0]) == 4 else None
    if stated != len(record.tensors):
        raise MgeError(
            f"{record.type} holds {len(record.tensors)} tensors but states {stated}", record.offset
        )


def version_text(number: int) -> str:
    """'1.13.0' for 101300: (major * 1000 + minor) * 100 + patch."""
    return f"{number // 100000}.{number // 100 % 1000}.{number % 100}"
