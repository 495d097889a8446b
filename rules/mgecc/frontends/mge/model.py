"""What `read_mge` returns: records, values and stored tensors of one `.mge` model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .dtypes import DTypeInfo, decode
from .errors import MgeError

INPUT_TYPE = "Host2DeviceCopy"


@dataclass(frozen=True)
class TensorFormat:
    """Storage format: `default`, `image2d_pack4` or `lowbits_aligned` with its fields; the data is dense anyway."""

    name: str = "default"
    align_axis: int | None = None
    size_nbits: int | None = None
    align_size_in_bits: int | None = None


@dataclass(frozen=True)
class StoredTensor:
    """A tensor written in the file. `data` views the file's bytes, None for an input without default value."""

    name: str
    shape: tuple[int, ...]
    dtype: DTypeInfo
    data: memoryview | None
    format: TensorFormat | None
    offset: int

    def array(self) -> np.ndarray:
        """A fresh, aligned array of `shape` holding the stored (not dequantised) elements.

        4-bit elements become int8 or uint8, bfloat16 becomes float32, qint8 int8 and so on.
        Raises MgeError when there is no data or the type (intb1, intb2) has no known element form.
        """
        if self.data is None:
            raise MgeError(f"tensor {self.name!r} has no stored data", self.offset)
        try:
            return decode(self.data, self.shape, self.dtype)
        except NotImplementedError as error:
            raise MgeError(str(error), self.offset) from None


class AxisDesc(NamedTuple):
    """One step of AxisAddRemove: `method` is 'add' or 'remove'."""

    method: str
    axis: int


class IndexItem(NamedTuple):
    """One indexed axis; every True flag takes one further input of the record, in the order of the fields."""

    axis: int
    begin: bool
    end: bool
    step: bool
    idx: bool


@dataclass(frozen=True)
class Record:
    """One operator. `type` is the name FBS_V2 uses; `inputs` and `outputs` are value numbers.

    `params` has every field of the record `param` by name, defaults filled in, enumeration values as names
    (numbers unknown to the reader stay int). `param` is the parameter record's name, its number when unknown,
    None when the file has none. `known` tells whether the operator is in the reader's table. `offset` is the
    byte position of the record in the file.
    """

    index: int
    type: str
    version: int
    name: str
    param: str | int | None
    params: dict[str, Any]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    output_dtype: DTypeInfo | None
    tensors: tuple[StoredTensor, ...]
    blobs: tuple[bytes, ...]
    priority: int
    offset: int
    known: bool


@dataclass(frozen=True)
class ValueInfo:
    """What the file states about a value: name ('' when stripped), shape and type (None when not stated)."""

    name: str = ""
    shape: tuple[int, ...] | None = None
    dtype: DTypeInfo | None = None


@dataclass(frozen=True)
class InputInfo:
    """A model input: its name, value number and stored description (with a default value when it has data)."""

    name: str
    value: int
    tensor: StoredTensor


@dataclass(frozen=True)
class Metadata:
    """Information about the dump. `user_info` is opaque bytes (pickle data): never unpickle it."""

    is_valid: bool = False
    graph_modified: bool = False
    optimize_options: int = 0
    user_info: bytes = b""


@dataclass(frozen=True)
class Model:
    """One model.

    `container` is 'FBS_V2', 'FBS' or 'MGBS'; `version` the writing MegEngine, as '1.13.0'. `records` are in
    topological order. `outputs` are value numbers, `output_names` their names ('' where the file has none).
    `constants` maps value numbers to stored tensors. `output_alias` holds (original id, name) pairs.
    `test_cases` has one dict of arrays per stored case, by input name; expected outputs are 'NAME:expect'.
    """

    container: str
    version: str
    records: tuple[Record, ...]
    values: dict[int, ValueInfo]
    constants: dict[int, StoredTensor]
    outputs: tuple[int, ...]
    output_names: tuple[str, ...]
    output_alias: tuple[tuple[int, str], ...] = ()
    metadata: Metadata = field(default_factory=Metadata)
    test_cases: tuple[dict[str, np.ndarray], ...] = ()

    @property
    def inputs(self) -> tuple[InputInfo, ...]:
        """The model's inputs in file order."""
        return tuple(
            InputInfo(record.tensors[0].name, record.outputs[0], record.tensors[0])
            for record in self.records
            if record.type == INPUT_TYPE
        )
