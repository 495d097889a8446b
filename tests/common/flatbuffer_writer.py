"""Writes small FlatBuffers for tests, honest ones and ones no honest writer makes."""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Sequence
from typing import TypeAlias


class Scalar:
    """A scalar or struct field: a `struct` layout and its values."""

    def __init__(self, layout: str, *values: object) -> None:
        self.bytes = struct.pack("<" + layout, *values)


class Scalars:
    """A vector of scalars of one layout character."""

    def __init__(self, layout: str, values: Sequence[int]) -> None:
        self.count = len(values)
        self.bytes = struct.pack(f"<{len(values)}{layout}", *values)


class Table(dict[int, "Field"]):
    """Fields by number; a Table used in several places is written once and shared."""


Field: TypeAlias = Scalar | Scalars | Table | bytes | str | list


def u32(value: int) -> Scalar:
    """A uint32 field."""
    return Scalar("I", value)


def u8(value: int) -> Scalar:
    """A uint8 field."""
    return Scalar("B", value)


class _Writer:
    def __init__(self) -> None:
        self.out = bytearray()
        self.pending: OrderedDict[int, tuple[Field, list[int]]] = OrderedDict()

    def _align(self, ahead: int = 0, to: int = 4) -> None:
        """Pad such that what comes after ``ahead`` bytes is aligned in a buffer that begins with its 4-byte size."""
        self.out += bytes(-(len(self.out) + ahead + 4) % to)

    def emit(self, item: Field) -> int:
        """Append an object, its references still open; returns its position."""
        if isinstance(item, Table):
            return self._table(item)
        self._align()
        position = len(self.out)
        if isinstance(item, list):
            self.out += struct.pack("<I", len(item))
            for element in item:
                self._refer(element)
            return position
        if isinstance(item, Scalars):
            self.out += struct.pack("<I", item.count) + item.bytes
            return position
        octets = item.encode() if isinstance(item, str) else item
        assert isinstance(octets, bytes)
        self.out += struct.pack("<I", len(octets)) + octets + b"\0"
        return position

    def _refer(self, item: Field) -> None:
        self.pending.setdefault(id(item), (item, []))[1].append(len(self.out))
        self.out += bytes(4)

    def _table(self, table: Table) -> int:
        slots = max(table, default=-1) + 1
        sizes = {n: len(f.bytes) if isinstance(f, Scalar) else 4 for n, f in table.items()}
        offsets, total = [0] * slots, 4
        for number, size in sorted(sizes.items()):
            total += -total % size if size in (2, 4, 8) else 0
            offsets[number] = total
            total += size
        head = 4 + 2 * slots
        self._align(head, 8)
        self.out += struct.pack(f"<{slots + 2}H", head, total, *offsets)
        position = len(self.out)
        self.out += struct.pack("<i", head)
        for number in sorted(table):
            self.out += bytes(position + offsets[number] - len(self.out))
            self._field(table[number])
        return position

    def _field(self, field: Field) -> None:
        if isinstance(field, Scalar):
            self.out += field.bytes
        else:
            self._refer(field)


def flatbuffer(root: Table, identifier: bytes = b"") -> bytes:
    """The bytes of a buffer, without size prefix; shared objects land behind everything that refers to them."""
    writer = _Writer()
    writer._refer(root)
    writer.out += identifier
    while writer.pending:
        item, references = writer.pending.popitem(last=False)[1]
        position = writer.emit(item)
        for at in references:
            struct.pack_into("<I", writer.out, at, position - at)
    return bytes(writer.out)


def size_prefixed(root: Table, identifier: bytes) -> bytes:
    """The bytes of a size-prefixed buffer with its identifier."""
    body = flatbuffer(root, identifier)
    return struct.pack("<I", len(body)) + body
