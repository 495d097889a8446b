"""The wire format of protocol buffers, as far as files are told apart by it.

Described in the encoding page of the Protocol Buffers documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

Change = Callable[[memoryview], bytes | memoryview | None]
"""Gives the content itself where it stays, None where the field is left out."""
_LENGTH = 2
"""The wire type of messages, text and bytes."""


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
    return ((number, wire, data[begin:end]) for number, wire, _, begin, end in _spans(data))


def changed(data: memoryview, changes: Mapping[int, Change]) -> bytes:
    """A message in which fields, messages or bytes, hold what the change of their number makes of their contents.

    ValueError where it is no message.
    """
    parts = list[bytes | memoryview]()
    for number, wire, tag, begin, end in _spans(data):
        if number == 0:
            raise ValueError("these bytes are no message")
        content = data[begin:end]
        made = changes[number](content) if number in changes and wire == _LENGTH else content
        if made is content:
            parts.append(data[tag:end])
        elif made is not None:
            parts += [varint(number << 3 | _LENGTH), varint(len(made)), made]
    return b"".join(parts)


def _spans(data: memoryview) -> Iterator[tuple[int, int, int, int, int]]:
    """(number, wire type, position, begin and end of the content) of fields; ends with zeros where there are none."""
    position = 0
    while position < len(data):
        start, (tag, position) = position, _read_varint(data, position)
        size = {1: 8, 5: 4}.get(tag & 7)
        if tag & 7 in (0, _LENGTH):
            size, position = _read_varint(data, position)
        if tag < 8 or size is None or position > len(data) or (tag & 7 and position + size > len(data)):
            yield 0, 0, 0, 0, 0
            return
        end = position + (size if tag & 7 else 0)
        yield tag >> 3, tag & 7, start, position, end
        position = end


def varint(number: int) -> bytes:
    """A number in groups of seven bits, the lowest first."""
    octets = bytearray()
    while number > 127:
        octets.append(number & 127 | 128)
        number >>= 7
    return bytes([*octets, number])


def _read_varint(data: memoryview, position: int) -> tuple[int, int]:
    """A number and the position behind it, which is beyond the data where it is cut off or too long."""
    number = 0
    for k, byte in enumerate(data[position : position + 10]):
        number |= (byte & 127) << (7 * k)
        if byte < 128:
            return number, position + k + 1
    return 0, len(data) + 1
