"""ONNX and TensorFlow Lite files with something changed in their structure: fields of any table or message, anywhere.

A way down is drawn from the root: at every step one field, and of a list one entry. What lies at its end becomes
another number, word or type, is doubled, left out or emptied.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from flatbuffer_writer import Field, Scalar, Scalars, Table
from google.protobuf.descriptor import FieldDescriptor
from onnx import AttributeProto, NodeProto, defs

NUMBERS = (
    0,
    1,
    -1,
    2,
    3,
    4,
    5,
    7,
    8,
    16,
    100,
    127,
    128,
    255,
    65536,
    (1 << 31) - 1,
    -(1 << 31),
    1 << 40,
    -(1 << 63),
)
FLOATS = (float("nan"), float("inf"), float("-inf"), -1.0, 0.0, -0.0, 0.5, 1e30, 1e-40)
WORDS = (
    "",
    "x0",
    "y",
    "nowhere",
    "\x1b[31mred",
    "a\0b",
    "\u202eolleh",
    "linear",
    "NOTSET",
    "reflect",
    "x" * 300,
)
_STOP = 0.2
"""How often a way ends at a list or table before its leaf."""


def mutated_flatbuffer(root: Table, rng: random.Random) -> Table:
    """The tree with one thing changed; what did not change is shared."""
    found = _field(root, rng)
    assert isinstance(found, Table)
    return found


def _field(field: Field, rng: random.Random) -> Field:
    if isinstance(field, Table) and field:
        return _table(field, rng)
    if isinstance(field, list) and field:
        return _entries(field, rng)
    if isinstance(field, Scalar):
        return _scalar(field.bytes, rng)
    if isinstance(field, Scalars):
        return _scalars(field, rng)
    if isinstance(field, str):
        return rng.choice((*WORDS, field[1:], field * 2))
    return _bytes(field, rng) if isinstance(field, bytes) else field


def _table(table: Table, rng: random.Random) -> Table:
    number, changed = rng.choice(sorted(table)), Table(table)
    if rng.random() < _STOP / 2:
        del changed[number]
    elif rng.random() < _STOP / 2:
        changed[rng.randrange(12)] = table[number]
    else:
        changed[number] = _field(table[number], rng)
    return changed


def _entries(entries: list[Field], rng: random.Random) -> list[Field]:
    at, changed = rng.randrange(len(entries)), list(entries)
    if rng.random() >= _STOP:
        changed[at] = _field(entries[at], rng)
        return changed
    return _rearranged(changed, at, rng)


def _rearranged(items: list[Any], at: int, rng: random.Random) -> list[Any]:
    other = rng.randrange(len(items))
    return rng.choice(
        (
            items[:at] + items[at + 1 :],
            [*items[:at], items[other], *items[at:]],
            [*items[:at], items[other], *items[at + 1 :]],
            [*items, items[at]],
            [],
        )
    )


def _scalar(data: bytes, rng: random.Random) -> Scalar:
    if len(data) == 4 and rng.random() < 0.2:
        return Scalar("f", rng.choice(FLOATS))
    old = int.from_bytes(data, "little")
    new = rng.choice((*NUMBERS, old + 1, old - 1, rng.randrange(256)))
    return Scalar(f"{len(data)}s", (new % (1 << 8 * len(data))).to_bytes(len(data), "little"))


def _scalars(vector: Scalars, rng: random.Random) -> Scalars:
    """Of other numbers, or of more or fewer."""
    size = len(vector.bytes) // vector.count if vector.count else 4
    items = [vector.bytes[k : k + size] for k in range(0, len(vector.bytes), size)] or [bytes(size)]
    at = rng.randrange(len(items))
    if rng.random() < 0.4:
        items = _rearranged(items, at, rng)
    else:
        items[at] = _scalar(items[at], rng).bytes
    changed = Scalars("B", b"".join(items))
    changed.count = len(items)
    return changed


def _bytes(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    word = rng.choice(
        (b"\xff\xff\xff\xff", b"\0\0\0\x80", b"\0\0\xc0\x7f", bytes(4), bytes([rng.randrange(256)]))
    )
    return rng.choice(
        (data[:at], data + word, data[:at] + word + data[at + len(word) :], word * (len(data) // 4), b"")
    )


def mutate_message(message: Any, rng: random.Random) -> None:
    """Change one thing in a protobuf message, or in one below."""
    if isinstance(message, NodeProto) and rng.random() < 0.3:
        return _mutate_node(message, rng)
    fields = message.ListFields()
    unset = [f for f in message.DESCRIPTOR.fields if f.name not in {g.name for g, _ in fields}]
    if unset and (not fields or rng.random() < 0.05):
        return _set(message, rng.choice(unset), rng)
    if fields:
        field, value = rng.choice(fields)
        _mutate_field(message, field, value, rng)


def _mutate_field(message: Any, field: FieldDescriptor, value: Any, rng: random.Random) -> None:
    of_messages = field.type == FieldDescriptor.TYPE_MESSAGE
    repeated = hasattr(value, "append") or hasattr(value, "add")
    if rng.random() < _STOP / 3:
        message.ClearField(field.name)
    elif repeated and rng.random() < (_STOP if of_messages else 0.5):
        items = _rearranged([_copy(item) for item in value], rng.randrange(len(value)), rng)
        message.ClearField(field.name)
        getattr(message, field.name).extend(items)
    elif of_messages:
        mutate_message(rng.choice(list(value)) if repeated else value, rng)
    elif repeated:
        at = rng.randrange(len(value))
        value[at] = _other(field, value[at], rng)
    else:
        setattr(message, field.name, _other(field, value, rng))


def _copy(item: Any) -> Any:
    return type(item).FromString(item.SerializeToString()) if hasattr(item, "SerializeToString") else item


def _set(message: Any, field: FieldDescriptor, rng: random.Random) -> None:
    """A field that was not there."""
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        getattr(message, field.name).extend([]) if field.is_repeated else getattr(
            message, field.name
        ).SetInParent()
    elif field.is_repeated:
        getattr(message, field.name).extend([_other(field, _blank(field), rng)])
    else:
        setattr(message, field.name, _other(field, _blank(field), rng))


def _blank(field: FieldDescriptor) -> Any:
    return {FieldDescriptor.TYPE_STRING: "", FieldDescriptor.TYPE_BYTES: b""}.get(field.type, 0)


_LIMITS = {
    FieldDescriptor.TYPE_INT32: (-(1 << 31), (1 << 31) - 1),
    FieldDescriptor.TYPE_INT64: (-(1 << 63), (1 << 63) - 1),
    FieldDescriptor.TYPE_UINT64: (0, (1 << 64) - 1),
}


def _other(field: FieldDescriptor, old: Any, rng: random.Random) -> Any:
    if field.type == FieldDescriptor.TYPE_STRING:
        return rng.choice((*WORDS, *_operator_types(field), old[1:]))
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _bytes(bytes(old), rng)
    if field.type in (FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE):
        return rng.choice(FLOATS)
    if field.type == FieldDescriptor.TYPE_ENUM:
        return rng.choice([value.number for value in field.enum_type.values])
    low, high = _LIMITS[field.type]
    return min(max(rng.choice((*NUMBERS, old + 1, old - 1, rng.randrange(30))), low), high)


def _operator_types(field: FieldDescriptor) -> Sequence[str]:
    return sorted({schema.name for schema in defs.get_all_schemas()}) if field.name == "op_type" else ()


def _mutate_node(node: NodeProto, rng: random.Random) -> None:
    """One operand or result more or less, or an attribute that the standard knows, of any value."""
    names = sorted(
        {
            name
            for schema in defs.get_all_schemas()
            if schema.name == node.op_type
            for name in schema.attributes
        }
    )
    kind = rng.randrange(5 if names else 3)
    if kind == 0:
        _resize(node.input, rng)
    elif kind == 1:
        _resize(node.output, rng)
    elif kind == 2 and node.input:
        node.input[rng.randrange(len(node.input))] = rng.choice(("", *node.input, *node.output))
    elif names:
        _state(node, rng.choice(names), rng)


def _resize(names: Any, rng: random.Random) -> None:
    if names and rng.random() < 0.5:
        del names[-1]
    else:
        names.append(rng.choice((*names, "", "more")))


def _state(node: NodeProto, name: str, rng: random.Random) -> None:
    left = [a for a in node.attribute if a.name != name]
    del node.attribute[:]
    made = AttributeProto(name=name, type=rng.choice((1, 2, 2, 3, 6, 7, 7, 7, 8)))
    made.f, made.i, made.s = rng.choice(FLOATS), rng.choice(NUMBERS), rng.choice(WORDS).encode()
    made.ints.extend(rng.choice(NUMBERS) for _ in range(rng.randrange(5)))
    made.floats.extend(rng.choice(FLOATS) for _ in range(rng.randrange(3)))
    made.strings.extend(rng.choice(WORDS).encode() for _ in range(rng.randrange(3)))
    node.attribute.extend([*left, made])
