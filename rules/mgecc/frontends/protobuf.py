"""The wire format of protocol buffers, as far as files are told apart by it.

Described in the encoding page of the Protocol Buffers documentation.
"""

from __future__ import annotations

from collections.abc import Iterator


def is_message(data: memoryview, types: dict[int, int], needed: set[int], inner: int = 0) -> bool:
    """Whether data is a message of fields ``types`` (number: wire type) with all of ``needed``.

    ``inner``: the field that is a message itself.
    """
    seen = set()
    for number, wire, content in fields(data):
        if types.get(number) != wire or (number == inner and any(n == 0 for n, _, _ in fields(content))):
            return False
        seen.add(number)
    return seen >= needed


def fields(data: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """(number, wire type, content) of a protobuf message's fields; ends with (0, 0, ...) where it is none."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        size = {1: 8, 5: 4}.get(tag & 7)
        if tag & 7 in (0, 2):
            size, position = _varint(data, position)
        if tag < 8 or size is None or position > len(data) or (tag & 7 and position + size > len(data)):
            yield 0, 0, data[:0]
            return
        end = position + (size if tag & 7 else 0)
        yield tag >> 3, tag & 7, data[position:end]
        position = end


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    """A number and the position behind it, which is beyond the data where it is cut off or too long."""
    number = 0
    for k, byte in enumerate(data[position : position + 10]):
        number |= (byte & 127) << (7 * k)
        if byte < 128:
            return number, position + k + 1
    return 0, len(data) + 1
