"""Container FBS_V2: the whole model is one size-prefixed FlatBuffer, tensor bytes inside."""

from __future__ import annotations

from mgecc.frontends.flatbuffer import Budget, Table, size_prefixed

from .assembler import Assembler, OperatorFields, read_shape, required_dtype, stored_tensor, version_text
from .dtypes import read_dtype
from .errors import MgeError
from .model import Metadata, Model, StoredTensor, TensorFormat, ValueInfo
from .tables import OperatorSpec, operators_by_id, operators_by_name

IDENTIFIER = b"mgv2"
_FIELDS = OperatorFields(param=3, inputs=7, output_dtype=10, priority=13, blobs=14, name=2)


def _operator(table: Table) -> OperatorSpec:
    """The operator of a record: by its type name, or by its id in files of stripped builds."""
    name = table.string(0)
    if not name:
        number = int(table.scalar(1, "uint64"))
        return operators_by_id().get(number) or OperatorSpec(f"unknown_{number:#018x}", known=False)
    return operators_by_name().get(name) or OperatorSpec(name, known=False)


def _format(table: Table, field: int) -> TensorFormat | None:
    """A format union: 1 default, 2 Image2DPack4, 3 lowbits aligned; anything else is not needed to read data."""
    kind, fields = table.union(field)
    if kind == 1:
        return TensorFormat()
    if kind == 2 and fields is not None:
        return TensorFormat("image2d_pack4", align_axis=int(fields.scalar(0, "uint8")))
    if kind == 3 and fields is not None:
        bits, align = int(fields.scalar(0, "uint8")), int(fields.scalar(1, "uint8"))
        return TensorFormat("lowbits_aligned", size_nbits=bits, align_size_in_bits=align)
    return None


def _tensor(table: Table) -> StoredTensor:
    shape, dtype = read_shape(table, 1), required_dtype(table, 3)
    data = table.octets(6)
    if data is None and dtype.nbytes(shape) == 0:
        data = memoryview(b"")
    return stored_tensor(table, shape, dtype, data, _format(table, 4))


def _add_record(assembler: Assembler, table: Table) -> None:
    tensors = tuple(map(_tensor, table.tables(11)))
    outputs = table.scalars(8, "uint32")
    first = len(assembler.values)
    if outputs != tuple(range(first, first + len(outputs))):
        raise MgeError(f"a record's outputs are not the next value numbers from {first} on", table.position)
    version = int(table.scalar(12, "uint32", 1))
    assembler.add(table, _operator(table), version, tensors, len(outputs))


def _describe_values(assembler: Assembler, root: Table) -> None:
    for number, table in enumerate(root.tables(3)):
        if number not in assembler.values:
            raise MgeError("more values are described than the records produce", table.position)
        info = ValueInfo(table.string(0), read_shape(table, 1) or None, read_dtype(table.table(3)))
        assembler.describe(number, info)


def _metadata(table: Table | None) -> Metadata:
    if table is None:
        return Metadata()
    return Metadata(
        is_valid=bool(table.scalar(0, "bool", False)),
        graph_modified=bool(table.scalar(1, "bool", False)),
        optimize_options=int(table.scalar(2, "uint64")),
        user_info=bytes(table.octets(3) or b""),
    )


def read_v2(data: memoryview, position: int, budget: Budget) -> tuple[Model, int]:
    """(the model, the position behind it) of the container at `position`."""
    buffer = size_prefixed(data, position, IDENTIFIER, budget)
    root = buffer.root()
    assembler = Assembler(_FIELDS)
    for table in root.tables(2):
        _add_record(assembler, table)
    _describe_values(assembler, root)
    outputs = tuple(int(output.scalar(0, "uint32")) for output in root.tables(4))
    assembler.check_outputs(outputs, root.position)
    model = Model(
        container="FBS_V2",
        version=version_text(int(root.scalar(0, "uint32"))),
        records=tuple(assembler.records),
        values=assembler.values,
        constants=assembler.constants,
        outputs=outputs,
        output_names=assembler.output_names(outputs),
        output_alias=tuple((int(alias.scalar(0, "uint32")), alias.string(1)) for alias in root.tables(5)),
        metadata=_metadata(root.table(7)),
    )
    return model, buffer.end
