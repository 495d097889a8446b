"""Bounded FlatBuffers access: the subset that model files use (tables, vectors, strings, unions).

Every position is checked against the buffer before it is read. FlatBuffers may let many references share one
object, so a small file could unfold into a huge one; a `Budget` bounds what is unfolded by the file's size.
All positions are byte offsets in the whole file. Anything wrong raises the error of the budget's front end.
The wire format is described in the internals page of the FlatBuffers documentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Any

from .errors import PlacedError, printable

SCALARS = {
    "bool": Struct("<?"),
    "int8": Struct("<b"),
    "uint8": Struct("<B"),
    "int16": Struct("<h"),
    "uint16": Struct("<H"),
    "int32": Struct("<i"),
    "uint32": Struct("<I"),
    "int64": Struct("<q"),
    "uint64": Struct("<Q"),
    "float32": Struct("<f"),
    "float64": Struct("<d"),
}
_U16 = Struct("<H")
_I32 = SCALARS["int32"]
_U32 = SCALARS["uint32"]

_TABLE_COST = 12
"""Bytes charged for each table visited: an honest one has its vtable reference and some fields or its own vtable."""


class Budget:
    """Bytes that may still be unfolded; honest files need less than two per byte of file.

    ``fault``: what is raised for a damaged file.
    """

    def __init__(self, file_size: int, fault: type[PlacedError]) -> None:
        self.left = 4 * file_size + 4096
        self.fault = fault

    def spend(self, count: int, position: int) -> None:
        """Take `count` bytes; `position` is what the error names when none are left."""
        self.left -= count
        if self.left < 0:
            raise self.fault("the file refers to the same bytes too often", position)


class Buffer:
    """One FlatBuffer at `[start, end)` of the file's bytes."""

    def __init__(self, data: memoryview, start: int, end: int, budget: Budget) -> None:
        self.data = data
        self.start = start
        self.end = end
        self.budget = budget

    def check(self, position: int, size: int) -> None:
        """Refuse a range that is not inside the buffer."""
        if position < self.start or position + size > self.end:
            raise self.budget.fault(f"{size} bytes are read beyond the buffer ending at {self.end}", position)

    def unpack(self, layout: Struct, position: int) -> Any:
        """The first value of `layout` at `position`."""
        self.check(position, layout.size)
        return layout.unpack_from(self.data, position)[0]

    def follow(self, position: int) -> int:
        """The target of the forward reference stored at `position`."""
        distance = int(self.unpack(_U32, position))
        if distance == 0 or position + distance > self.end - 4:
            raise self.budget.fault("a reference points outside the buffer or at itself", position)
        return position + distance

    def vector(self, position: int, item_size: int) -> tuple[int, int]:
        """(position of the first item, count) of the vector at `position`, checked and paid for."""
        count = int(self.unpack(_U32, position))
        self.check(position + 4, count * item_size)
        self.budget.spend(4 + count * item_size, position)
        return position + 4, count

    def root(self) -> Table:
        """The root table."""
        return Table(self, self.follow(self.start))


def size_prefixed(data: memoryview, position: int, identifier: bytes, budget: Budget) -> Buffer:
    """The FlatBuffer behind the uint32 length at `position`, its identifier checked."""
    if position + 12 > len(data):
        raise budget.fault("the file ends before its FlatBuffer starts", len(data))
    size = _U32.unpack_from(data, position)[0]
    end = position + 4 + size
    if end > len(data):
        raise budget.fault(
            f"truncated: a buffer of {size} bytes starts here, the file ends at {len(data)}", position
        )
    found = bytes(data[position + 8 : position + 12])
    if found != identifier:
        raise budget.fault(f"the FlatBuffer is marked {found!r} instead of {identifier!r}", position + 8)
    return Buffer(data, position + 4, end, budget)


class Table:
    """A table of a `Buffer`; fields are looked up by number, absent fields give the default."""

    __slots__ = ("_size", "_slots", "_vtable", "buffer", "position")

    def __init__(self, buffer: Buffer, position: int) -> None:
        buffer.budget.spend(_TABLE_COST, position)
        self.buffer = buffer
        self.position = position
        self._vtable = position - int(buffer.unpack(_I32, position))
        if not buffer.start <= self._vtable <= buffer.end - 4:
            raise buffer.budget.fault("a table's layout lies outside the buffer", position)
        vtable_size = int(buffer.unpack(_U16, self._vtable))
        self._size = int(buffer.unpack(_U16, self._vtable + 2))
        if vtable_size < 4 or vtable_size % 2 or self._size < 4:
            raise buffer.budget.fault("damaged table layout", position)
        buffer.check(self._vtable, vtable_size)
        buffer.check(position, self._size)
        self._slots = (vtable_size - 4) // 2

    def locate(self, field: int, size: int) -> int | None:
        """Position of the `size` bytes of a field, None when absent."""
        if field >= self._slots:
            return None
        offset = int(_U16.unpack_from(self.buffer.data, self._vtable + 4 + 2 * field)[0])
        if offset == 0:
            return None
        if offset < 4 or offset + size > self._size:
            raise self.buffer.budget.fault(f"field {field} lies outside its table", self.position)
        return self.position + offset

    def scalar(self, field: int, kind: str, default: Any = 0) -> Any:
        """A scalar of a type of SCALARS."""
        layout = SCALARS[kind]
        position = self.locate(field, layout.size)
        return default if position is None else layout.unpack_from(self.buffer.data, position)[0]

    def struct(self, field: int, layout: Struct) -> tuple[Any, ...] | None:
        """The values of a struct stored inside the table."""
        position = self.locate(field, layout.size)
        return None if position is None else layout.unpack_from(self.buffer.data, position)

    def reference(self, field: int) -> int | None:
        """Target position of a reference field, None when absent."""
        position = self.locate(field, 4)
        return None if position is None else self.buffer.follow(position)

    def table(self, field: int) -> Table | None:
        """A sub-table, None when absent."""
        position = self.reference(field)
        return None if position is None else Table(self.buffer, position)

    def union(self, field: int) -> tuple[int, Table | None]:
        """(kind, table) of a union whose kind is `field` and whose reference is the next field."""
        kind = int(self.scalar(field, "uint8"))
        return kind, self.table(field + 1) if kind else None

    def extent(self, field: int) -> tuple[int, int] | None:
        """(start, end) in the file of a byte vector or string, None when absent."""
        position = self.reference(field)
        if position is None:
            return None
        first, count = self.buffer.vector(position, 1)
        return first, first + count

    def octets(self, field: int) -> memoryview | None:
        """A byte vector or the raw bytes of a string, None when absent."""
        extent = self.extent(field)
        return None if extent is None else self.buffer.data[slice(*extent)]

    def string(self, field: int) -> str:
        """A string, empty when absent. Free text: what is not UTF-8 and what terminals would obey is escaped."""
        return _text(self.octets(field) or b"")

    def items(self, field: int, layout: Struct) -> list[tuple[Any, ...]]:
        """A vector of structs, empty when absent."""
        position = self.reference(field)
        if position is None:
            return []
        first, count = self.buffer.vector(position, layout.size)
        return list(layout.iter_unpack(self.buffer.data[first : first + count * layout.size]))

    def scalars(self, field: int, kind: str) -> tuple[Any, ...]:
        """A vector of scalars, empty when absent."""
        return tuple(value for (value,) in self.items(field, SCALARS[kind]))

    def targets(self, field: int) -> Iterator[int]:
        """Positions that a vector of references points at."""
        position = self.reference(field)
        if position is None:
            return
        first, count = self.buffer.vector(position, 4)
        for index in range(count):
            yield self.buffer.follow(first + 4 * index)

    def tables(self, field: int) -> Iterator[Table]:
        """The tables of a vector, one after another."""
        return (Table(self.buffer, position) for position in self.targets(field))

    def strings(self, field: int) -> list[str]:
        """A vector of strings, empty when absent."""
        texts = []
        for position in self.targets(field):
            first, count = self.buffer.vector(position, 1)
            texts.append(_text(self.buffer.data[first : first + count]))
        return texts


def _text(octets: memoryview | bytes) -> str:
    # C strings end at a zero, and names become such in blobs and headers; they are also printed.
    return printable(bytes(octets).decode("utf-8", "backslashreplace"))
