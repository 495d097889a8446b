"""Container FBS: a header (MGBC, or the older MGBS), raw tensor bytes, then the graph as FlatBuffer."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from mgecc.frontends.flatbuffer import Budget, Table, size_prefixed

from .assembler import Assembler, OperatorFields, read_shape, required_dtype, stored_tensor, version_text
from .errors import MgeError
from .model import Metadata, Model, StoredTensor, ValueInfo
from .operators import RecordSizes, count_outputs
from .tables import OperatorSpec, operators_by_id

IDENTIFIER = b"mgb1"
_FIELDS = OperatorFields(param=1, inputs=3, output_dtype=6, priority=8, blobs=9, name=12)
_OUTPUT_VAR = struct.Struct("<II")


@dataclass(frozen=True)
class _Header:
    """A header form: where the length of the tensor section stands and where the header ends."""

    container: str
    length_at: int
    size: int


_HEADERS = {
    b"MGBC": _Header("FBS", length_at=16, size=24),
    b"MGBS": _Header("MGBS", length_at=8, size=16),
}


@dataclass
class _TensorSection:
    """The raw bytes in front of the graph; tensors take theirs one after another, in record order."""

    data: memoryview
    position: int
    end: int

    def take(self, table: Table) -> StoredTensor:
        """The tensor of a Tensor table with the bytes that are its turn."""
        size, skipped = int(table.scalar(4, "uint32")), int(table.scalar(5, "uint32"))
        if size > self.end - self.position or skipped > size:
            raise MgeError("a tensor lies outside the tensor section", table.position)
        shape, dtype = read_shape(table, 1), required_dtype(table, 3)
        data = self.data[self.position + skipped : self.position + size]
        self.position += size
        absent = size == 0 and dtype.nbytes(shape) > 0
        return stored_tensor(table, shape, dtype, None if absent else data, None)


def _operator(table: Table) -> OperatorSpec:
    number = int(table.scalar(0, "uint64"))
    unknown = OperatorSpec(f"unknown_{number:#018x}", outputs="unknown", known=False)
    return operators_by_id().get(number, unknown)


def _count(assembler: Assembler, table: Table, operator: OperatorSpec, names: list[str], tensors: int) -> int:
    """Outputs of a record: by the operator's rule, confirmed by the output names where written."""
    params = assembler.read_params(table, operator)[1]
    inputs = len(table.scalars(_FIELDS.inputs, "uint32"))
    count = count_outputs(operator, RecordSizes(params, inputs, tensors))
    if count is None and not names:
        message = f"how many outputs {operator.type} has is not in the file, so what follows cannot be read"
        raise MgeError(message, table.position)
    if count is not None and names and len(names) != count:
        raise MgeError(f"{operator.type} names {len(names)} outputs but has {count}", table.position)
    return len(names) if count is None else count


def _add_record(assembler: Assembler, table: Table, section: _TensorSection) -> None:
    operator = _operator(table)
    tensors = tuple(map(section.take, table.tables(7)))
    names = table.strings(5)
    count = _count(assembler, table, operator, names, len(tensors))
    record = assembler.add(table, operator, operator.version, tensors, count)
    for number, name in zip(record.outputs, names, strict=False):
        assembler.describe(number, ValueInfo(name))


def _metadata(table: Table | None) -> Metadata:
    if table is None:
        return Metadata()
    return Metadata(
        is_valid=bool(table.scalar(0, "bool", False)),
        graph_modified=bool(table.scalar(1, "bool", False)),
        user_info=bytes(table.octets(2) or b""),
        optimize_options=int(table.scalar(3, "uint64")),
    )


def _tensor_section(data: memoryview, position: int, header: _Header) -> _TensorSection:
    if position + header.size > len(data):
        raise MgeError("the file ends inside its header", len(data))
    length_at = position + header.length_at
    if any(data[position + 4 : length_at]):
        raise MgeError("unknown feature bits in the header: a younger or damaged model", position + 4)
    (size,) = struct.unpack_from("<Q", data, length_at)
    start = position + header.size
    if size > len(data) - start:
        raise MgeError(f"truncated: {size} tensor bytes are announced", length_at)
    return _TensorSection(data, start, start + size)


def read_fbs(data: memoryview, position: int, budget: Budget) -> tuple[Model, int]:
    """(the model, the position behind it) of the container at `position`."""
    header = _HEADERS[bytes(data[position : position + 4])]
    section = _tensor_section(data, position, header)
    buffer = size_prefixed(data, section.end, IDENTIFIER, budget)
    root = buffer.root()
    assembler = Assembler(_FIELDS)
    for table in root.tables(3):
        _add_record(assembler, table, section)
    if section.position != section.end:
        raise MgeError(f"{section.end - section.position} tensor bytes belong to no tensor", section.position)
    outputs = tuple(number for number, _ in root.items(4, _OUTPUT_VAR))
    assembler.check_outputs(outputs, root.position)
    model = Model(
        container=header.container,
        version=version_text(int(root.scalar(0, "uint32"))),
        records=tuple(assembler.records),
        values=assembler.values,
        constants=assembler.constants,
        outputs=outputs,
        output_names=assembler.output_names(outputs),
        metadata=_metadata(root.table(5)),
    )
    return model, buffer.end
